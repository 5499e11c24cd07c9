import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { toUserResponse, UserResponse } from '../user.response.js';
import { UsersService } from '../users.service.js';

@ApiTags('Users')
@Controller('user')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('me')
  @ApiOperation({ summary: 'The signed-in user' })
  @ApiOkResponse({ type: UserResponse })
  async getMe(@CurrentActor() actor: Actor): Promise<UserResponse> {
    return toUserResponse(await this.users.getMe(actor));
  }
}
