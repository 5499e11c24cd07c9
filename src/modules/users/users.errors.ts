import { defineError } from '../../common/errors/app-error.js';

export class UsernameTakenError extends defineError({
  code: 'username_taken',
  kind: 'conflict',
  title: 'The username is taken',
  detail: 'Another account has this username.',
}) {}

export class MobileNumberTakenError extends defineError({
  code: 'mobile_number_taken',
  kind: 'conflict',
  title: 'The mobile number is taken',
  detail: 'Another account has this mobile number.',
}) {}

export class EmailTakenError extends defineError({
  code: 'email_taken',
  kind: 'conflict',
  title: 'The e-mail address is taken',
  detail: 'Another account has this e-mail address.',
}) {}

export class InvalidCredentialsError extends defineError({
  code: 'invalid_credentials',
  kind: 'unauthenticated',
  title: 'The credentials are wrong',
  detail: 'There is no account with this identifier and this password.',
}) {}

/** The account that would get the role has no verified number. For the caller's own number the same code is a 403. */
export class AdministratorUnverifiedError extends defineError({
  code: 'mobile_number_unverified',
  kind: 'conflict',
  title: 'The mobile number is not verified',
  detail: 'Only an account with a verified mobile number can be made an administrator.',
}) {}

export class LastAdministratorError extends defineError({
  code: 'last_administrator',
  kind: 'conflict',
  title: 'The account is the last administrator',
  detail: 'At least one administrator must remain. Make another account an administrator first.',
}) {}
