import { randomBytes } from 'node:crypto';
import { AppError } from '../../common/errors/app-error.js';
import type { UsersService } from '../../modules/users/index.js';

const USERNAME = 'admin';
/** Of the range that is kept free for fiction. */
const MOBILE_NUMBER = '+14155550100';

export type FirstAdministrator =
  | { readonly kind: 'made'; readonly username: string; readonly password: string }
  | { readonly kind: 'there' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Makes an administrator where there is none. The password is nowhere but in the answer. */
export async function ensureAdministrator(users: UsersService): Promise<FirstAdministrator> {
  if (await users.hasAdministrator()) return { kind: 'there' };
  const password = randomBytes(12).toString('base64url');
  try {
    await users.createAdministrator({ username: USERNAME, mobileNumber: MOBILE_NUMBER, password, email: null });
    return { kind: 'made', username: USERNAME, password };
  } catch (error) {
    // In a database that is older than its local mode the name or number may be somebody's.
    if (error instanceof AppError) return { kind: 'refused', reason: error.message };
    throw error;
  }
}
