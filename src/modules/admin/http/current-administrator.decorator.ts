import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { clientOf, type RequestWithClient } from '../../../common/http/request-client.decorator.js';
import type { Administrator } from '../administrator.js';

/** The calling administrator with the client. Only for routes that administrators alone may call. */
export const CurrentAdministrator = createParamDecorator((_: unknown, context: ExecutionContext): Administrator => {
  const request = context.switchToHttp().getRequest<RequestWithClient & { user?: Actor }>();
  if (request.user?.role !== 'admin') throw new Error('CurrentAdministrator on a route that is not for administrators alone');
  const { userId, sessionId } = request.user;
  return { userId, sessionId, client: clientOf(request) };
});
