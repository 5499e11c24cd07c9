import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../common/actor.js';
import type { AppError } from '../../common/errors/app-error.js';
import { logSecurityEvent, type SecurityEvent } from '../../common/logging/security-log.js';

/** The problems that are security events, by their codes. */
const EVENTS: ReadonlyMap<string, SecurityEvent> = new Map<string, SecurityEvent>([
  ['invalid_credentials', 'sign_in_refused'],
  ['account_disabled', 'sign_in_refused'],
  ['invalid_otp', 'code_refused'],
  ['refresh_token_reused', 'refresh_reused'],
  ['rate_limited', 'throttled'],
  ['otp_too_soon', 'throttled'],
]);

/** Logs a refusal that concerns the security of accounts. */
export function logRefusal({ definition: { code, kind } }: AppError, request: FastifyRequest): void {
  const event = EVENTS.get(code) ?? (kind === 'forbidden' ? 'access_refused' : undefined);
  if (event === undefined) return;
  const { user } = request as { user?: Actor };
  logSecurityEvent(event, {
    problem: code,
    route: request.routeOptions.url ?? null,
    ...(user === undefined ? {} : { user_id: user.userId }),
    address: request.ip,
    request_id: request.id,
  });
}
