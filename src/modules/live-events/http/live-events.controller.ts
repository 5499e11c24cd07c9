import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { EndsWithItsSession, TooManyStreamsError } from '../../../common/http/live-connections.js';
import { LiveEventResponse } from './live-event.response.js';
import { LiveListenersService } from './live-listeners.service.js';

const DESCRIPTION =
  'Server-sent events: what changes for the user on any device, from now on. Each says what to read again, never contents. ' +
  'Where a change may have been missed there is `reset`: read everything again. A comment line comes every 15 seconds. ' +
  'A connection whose client reads too slowly is cut. When the session ends, `session.ended` is the last event.';

@ApiTags('Users')
@Controller('user/me/events')
export class LiveEventsController {
  constructor(private readonly listeners: LiveListenersService) {}

  @Get()
  @EndsWithItsSession()
  @ApiOperation({ summary: 'Follow what changes for the user', description: DESCRIPTION })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    schema: { type: 'string', maxLength: 100 },
    description:
      'The `id` of the last event that was received. The stream goes on after it for ten minutes, and begins with `reset` where it cannot.',
  })
  @ApiExtraModels(LiveEventResponse)
  @ApiOkResponse({
    description: 'The `data` of each event is this object as JSON.',
    content: { 'text/event-stream': { schema: { $ref: getSchemaPath(LiveEventResponse) } } },
  })
  @ApiProblems(TooManyStreamsError)
  async streamEvents(@CurrentActor() actor: Actor, @Req() request: FastifyRequest, @Res() response: FastifyReply): Promise<void> {
    await this.listeners.listen(actor, request, response);
  }
}
