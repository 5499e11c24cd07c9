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

export class InvalidCredentialsError extends AppError {
  static override readonly code = 'invalid_credentials';
  static override readonly kind = 'unauthenticated';
  static override readonly title = 'The credentials are wrong';

  constructor() {
    super('There is no account with this identifier and this password.');
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
