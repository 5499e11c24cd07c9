import { AppError } from '../../common/errors/app-error.js';

export class TokenExpiredError extends AppError {
  static override readonly code = 'token_expired';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'The access token has expired';

  constructor() {
    super('Get a new access token at POST /auth/refresh.');
  }
}

export class InvalidTokenError extends AppError {
  static override readonly code = 'invalid_token';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'There is no valid token';

  constructor() {
    super('This route needs a valid token. Sign in.');
  }
}

export class SessionEndedError extends AppError {
  static override readonly code = 'session_ended';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'The session has ended';

  constructor() {
    super('The session was ended or has expired. Sign in again.');
  }
}

export class AccountDisabledError extends AppError {
  static override readonly code = 'account_disabled';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'The account is disabled';

  constructor() {
    super('An administrator has disabled this account.');
  }
}

export class MobileNumberUnverifiedError extends AppError {
  static override readonly code = 'mobile_number_unverified';
  static override readonly kind = 'forbidden';
  static override readonly title = 'The mobile number is not verified';

  constructor() {
    super('Verify the mobile number first: POST /auth/send-otp, then POST /auth/verify-otp.');
  }
}

export class InvalidOtpError extends AppError {
  static override readonly code = 'invalid_otp';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'The code is wrong';

  constructor() {
    super('The code is wrong, used, expired, for another purpose, or was tried too often.');
  }
}

export class OtpTooSoonError extends AppError {
  static override readonly code = 'otp_too_soon';
  static override readonly kind = 'rate_limited';
  static override readonly title = 'A code was sent a moment ago';

  constructor(retryAfterSeconds: number) {
    super('A number gets one code a minute and five an hour. Wait for retry_after seconds.', {}, retryAfterSeconds);
  }
}

/** The password was right; the code that was sent is asked for too. */
export class OtpRequiredError extends AppError {
  static override readonly code = 'otp_required';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'A code is needed too';

  constructor(challenge: Readonly<Record<string, unknown>>) {
    super('Give the code that was sent, with this challenge_id, at POST /auth/verify-otp.', challenge);
  }
}

export class RefreshTokenReusedError extends AppError {
  static override readonly code = 'refresh_token_reused';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'The refresh token was spent before';

  constructor() {
    super('Somebody else may hold this token, so the session was ended. Sign in again.');
  }
}

export class OriginNotAllowedError extends AppError {
  static override readonly code = 'origin_not_allowed';
  static override readonly kind = 'forbidden';
  static override readonly title = 'The origin is not allowed';

  constructor() {
    super('The refresh cookie is only taken from pages of an allowed origin.');
  }
}
