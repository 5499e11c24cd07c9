import type { ServerResponse } from 'node:http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Observable, raceWith } from 'rxjs';
import type { Actor } from '../../../common/actor.js';
import { EndsWithItsSession, LiveConnections } from '../../../common/http/live-connections.js';
import { SessionEndedError } from '../auth.errors.js';

/**
 * Ends the open GET requests of a session when the session ends: with 401 before the first byte of the response, with a
 * closed connection after it. Other methods are excluded, because a request that ends its own session gets its
 * response.
 */
@Injectable()
export class SessionEndInterceptor implements NestInterceptor {
  constructor(
    private readonly open: LiveConnections,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method, user } = http.getRequest<{ method: string; user?: Actor }>();
    if (method !== 'GET' || !user || this.reflector.get(EndsWithItsSession.KEY, context.getHandler()) === true) return next.handle();
    const { raw } = http.getResponse<{ raw: ServerResponse }>();
    const { sessionId } = user;
    const ended = new Observable<never>((subscriber) => {
      const leave = this.open.addResponse({
        sessionId,
        cut: () => {
          if (raw.headersSent || subscriber.closed) raw.destroy();
          else subscriber.error(new SessionEndedError());
        },
      });
      raw.once('close', leave);
    });
    return next.handle().pipe(raceWith(ended));
  }
}
