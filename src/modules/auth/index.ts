/**
 * Authentication: sign-up and sign-in with passwords and one-time codes, sessions and their tokens. The guard of every
 * route that is not public is in `http/`.
 */
import type { AppErrorClass } from '../../common/errors/app-error.js';
import { AccountDisabledError, InvalidTokenError, SessionEndedError, TokenExpiredError } from './auth.errors.js';

export { AccountContents, type LockedContents } from './account-contents.js';
export { AccessTokensService, bearerTokenOf } from './access-tokens.service.js';
export { AuthModule } from './auth.module.js';
export { InvalidOtpError, MobileNumberUnverifiedError, SessionEndedError } from './auth.errors.js';
export { AuthService } from './auth.service.js';
export { OtpService } from './otp.service.js';
export { SessionsService } from './sessions.service.js';
export { AUTH_PERSONAL_DATA } from './personal-data.js';
export { AUTH_RETENTION } from './retention.js';

/** The 401 errors of every route that is not public. */
export const AUTHENTICATION_ERRORS: readonly AppErrorClass[] = [
  TokenExpiredError,
  InvalidTokenError,
  SessionEndedError,
  AccountDisabledError,
];
