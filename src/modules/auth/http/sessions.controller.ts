import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { type Page, PageQuery } from '../../../common/http/page.js';
import { SessionsService } from '../sessions.service.js';
import { toSessionPageRequest } from './list-sessions.request.js';
import { SessionPage, type SessionResponse, toSessionPage } from './session.response.js';

@ApiTags('Auth')
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @ApiOperation({
    summary: 'List the sessions of the user, newest first',
    description: 'One session for each sign-in that has neither ended nor expired.',
  })
  @ApiOkResponse({ type: SessionPage })
  async listSessions(@CurrentActor() actor: Actor, @Query() query: PageQuery): Promise<Page<SessionResponse>> {
    return toSessionPage(await this.sessions.list(actor, toSessionPageRequest(query)), query, actor);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'End all other sessions', description: 'Signs the user out on every other device at once.' })
  @ApiNoContentResponse()
  async endOtherSessions(@CurrentActor() actor: Actor): Promise<void> {
    await this.sessions.endOthers(actor);
  }

  @Delete(':session_id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'End a session',
    description: 'Its access and refresh tokens are refused from then on, and its streams are closed.',
  })
  @ApiNoContentResponse()
  async endSession(@CurrentActor() actor: Actor, @Param('session_id', IdPipe) sessionId: string): Promise<void> {
    await this.sessions.end(actor, sessionId);
  }
}
