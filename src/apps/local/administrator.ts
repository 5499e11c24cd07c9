import { randomBytes } from 'node:crypto';
import { AppError } from '../../common/errors/app-error.js';
import type { UsersService } from '../../modules/users/index.js';

const USERNAME = 'admin';
/** A number of the range that is reserved for fiction. */
const MOBILE_NUMBER = '+14155550100';

export type FirstAdministrator =
  | { readonly kind: 'created'; readonly username: string; readonly password: string }
  | { readonly kind: 'exists' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Creates an administrator where there is none. The password is only in the result. */
export async function ensureAdministrator(users: UsersService): Promise<FirstAdministrator> {
  if (await users.hasAdministrator()) return { kind: 'exists' };
  const password = randomBytes(12).toString('base64url');
  try {
    await users.createAdministrator({ username: USERNAME, mobileNumber: MOBILE_NUMBER, password, email: null });
    return { kind: 'created', username: USERNAME, password };
  } catch (error) {
    // A user of a database that the local mode did not create may have the name or the number.
    if (error instanceof AppError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}
