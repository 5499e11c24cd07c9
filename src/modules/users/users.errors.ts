import { AppError } from '../../common/errors/app-error.js';

export class UsernameTakenError extends AppError {
  static override readonly code = 'username_taken';
  static override readonly kind = 'conflict';
  static override readonly title = 'The username is taken';

  constructor() {
    super('Another account has this username.');
  }
}

export class MobileNumberTakenError extends AppError {
  static override readonly code = 'mobile_number_taken';
  static override readonly kind = 'conflict';
  static override readonly title = 'The mobile number is taken';

  constructor() {
    super('Another account has this mobile number.');
  }
}

export class EmailTakenError extends AppError {
  static override readonly code = 'email_taken';
  static override readonly kind = 'conflict';
  static override readonly title = 'The e-mail address is taken';

  constructor() {
    super('Another account has this e-mail address.');
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

/** Concerns the account that is to get the role; for the caller's own number the same code is a 403. */
export class AdministratorUnverifiedError extends AppError {
  static override readonly code = 'mobile_number_unverified';
  static override readonly kind = 'conflict';
  static override readonly title = 'The mobile number is not verified';

  constructor() {
    super('Only an account with a verified mobile number can be made an administrator.');
  }
}

export class LastAdministratorError extends AppError {
  static override readonly code = 'last_administrator';
  static override readonly kind = 'conflict';
  static override readonly title = 'It is the last administrator';

  constructor() {
    super('Somebody has to be left who may administrate. Make another administrator first.');
  }
}
