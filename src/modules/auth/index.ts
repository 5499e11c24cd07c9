/**
 * How people prove who they are, and for how long that holds: passwords checked, one-time codes, sessions and their tokens. The guard of every
 * route that is not public comes with `http/`.
 */
import type { AppErrorClass } from '../../common/errors/app-error.js';
import { AccountDisabledError, InvalidTokenError, SessionEndedError, TokenExpiredError } from './auth.errors.js';

export { AccountContents, type LockedContents } from './account-contents.js';
export { AccessTokens } from './access-tokens.js';
export { AuthModule } from './auth.module.js';
export { InvalidOtpError, MobileNumberUnverifiedError, SessionEndedError } from './auth.errors.js';
export { AuthService } from './auth.service.js';
export { OtpService } from './otp.service.js';
export { SessionsService } from './sessions.service.js';
export { AUTH_PERSONAL_DATA } from './personal-data.js';
export { AUTH_RETENTION } from './retention.js';

/** What every route that is not public may answer with 401. */
export const AUTHENTICATION_ERRORS: readonly AppErrorClass[] = [
  TokenExpiredError,
  InvalidTokenError,
  SessionEndedError,
  AccountDisabledError,
];
