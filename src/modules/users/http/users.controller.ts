import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor, SignedInActor } from '../../../common/actor.js';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import type { Client } from '../../../common/client.js';
import { RateLimitedError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { RequestClient } from '../../../common/http/request-client.decorator.js';
import { toUserResponse, UserResponse } from '../user.response.js';
import { EmailTakenError, InvalidCredentialsError, UsernameTakenError } from '../users.errors.js';
import { UsersService } from '../users.service.js';
import { toProfileChanges, UpdateMeRequest } from './update-me.request.js';

@ApiTags('Users')
@Controller('user')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('me')
  @ApiOperation({ summary: 'The signed-in user', description: 'The account that the access token belongs to.' })
  @ApiOkResponse({ type: UserResponse })
  getMe(@CurrentActor() actor: SignedInActor): UserResponse {
    return toUserResponse({ ...actor, id: actor.userId });
  }

  @Patch('me')
  @ApiOperation({
    summary: 'Change the username or the e-mail address',
    description: 'An absent field stays unchanged. A change of the e-mail address needs `current_password`; null removes it.',
  })
  @ApiOkResponse({ type: UserResponse })
  @ApiProblems(UsernameTakenError, EmailTakenError, InvalidCredentialsError, RateLimitedError)
  @ApiRequestExample({ username: 'ada.lovelace' })
  async updateMe(@CurrentActor() actor: Actor, @Body() body: UpdateMeRequest, @RequestClient() client: Client): Promise<UserResponse> {
    return toUserResponse(await this.users.updateMe(actor, toProfileChanges(body), client));
  }
}
