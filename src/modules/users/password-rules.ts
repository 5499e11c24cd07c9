import { ValidationFailedError } from '../../common/errors/common.errors.js';

export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

export const PASSWORD_RULE = `must have ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`;

/** @throws ValidationFailedError for a password that is the account's own name */
export function assertAcceptablePassword(field: string, password: string, username: string): void {
  if (password.toLowerCase() === username) {
    throw new ValidationFailedError([{ field, message: `${field} must not be the username` }]);
  }
}
