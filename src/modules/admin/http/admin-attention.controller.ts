import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { AttentionService } from '../attention.service.js';
import { AttentionResponse, toAttentionResponse } from './attention.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/attention')
export class AdminAttentionController {
  constructor(private readonly attention: AttentionService) {}

  @Get()
  @ApiOperation({
    summary: 'Get what may need an administrator’s hand',
    description:
      'The oldest unfinished reply, failing and paused models, late events of Stripe, refunds and customers, and the day’s budget.',
  })
  @ApiOkResponse({ type: AttentionResponse })
  async getAttention(): Promise<AttentionResponse> {
    return toAttentionResponse(await this.attention.getAttention());
  }
}
