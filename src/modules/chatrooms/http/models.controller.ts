import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { ChatroomsService } from '../chatrooms.service.js';
import { ModelList, toModelList } from './model.response.js';

@ApiTags('Chatrooms')
@Controller('models')
export class ModelsController {
  constructor(private readonly chatrooms: ChatroomsService) {}

  @Get()
  @ApiOperation({
    summary: 'List the models that the caller may use',
    description: 'The current plan determines them. The default is first.',
  })
  @ApiOkResponse({ type: ModelList })
  listModels(@CurrentActor() actor: Actor): ModelList {
    return toModelList(this.chatrooms.listModels(actor));
  }
}
