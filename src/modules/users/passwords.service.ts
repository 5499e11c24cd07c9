import { Injectable } from '@nestjs/common';
import { type Client, networkOf } from '../../common/client.js';
import { RateLimitedError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type CounterLimit, Counters, type Taken } from '../../database/counters.js';
import { isCommonPassword } from './common-passwords.js';
import { normalised, PASSWORD_LENGTH, PASSWORD_RULE } from './password-rules.js';
import { PasswordHasher } from './password-hasher.js';

/** Wrong passwords from one address for one account. Other addresses, the owner's among them, are not held up. */
const WRONG_TRIES: CounterLimit = { limit: 10, windowSeconds: 900 };

/** Passwords as accounts have them: which are acceptable, and how often one may guess. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly counters: Counters,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * The hash of a new password.
   *
   * @param field the name of the request's field that holds it
   * @throws ValidationFailedError for one that is too short, too long or common, RateLimitedError when too many are being hashed
   */
  async hashNew(field: string, password: string): Promise<string> {
    const { length } = Array.from(normalised(password));
    if (length < PASSWORD_LENGTH.min || length > PASSWORD_LENGTH.max) refuse(field, PASSWORD_RULE);
    if (isCommonPassword(normalised(password))) refuse(field, 'is one of the passwords that are guessed first');
    return this.hasher.hash(password);
  }

  /** @throws ValidationFailedError for a password that is the account's own name */
  assertNotUsername(field: string, password: string, username: string): void {
    if (normalised(password).toLowerCase() === username) refuse(field, 'must not be the username');
  }

  /**
   * Whether the password is the account's; always one hash and the same statements, whether or not there is an account.
   *
   * @param account what the caller names the account by, known or not
   * @throws RateLimitedError after ten wrong tries in fifteen minutes from this address
   */
  async matches(account: string, passwordHash: string | null, password: string, { ip }: Client): Promise<boolean> {
    if (!this.config.THROTTLE_ENABLED) return this.hasher.verify(passwordHash, password);
    const key = ['wrong password', account, networkOf(ip)];
    assertTaken(await this.counters.peek(key, WRONG_TRIES));
    const matches = await this.hasher.verify(passwordHash, password);
    // Of tries that were all let in at once the answers past the tenth wrong one tell nothing either.
    assertTaken(matches ? await this.counters.peek(key, WRONG_TRIES) : await this.counters.take(key, WRONG_TRIES));
    return matches;
  }

  /** The hash of a password that was just found right, when the stored one is weaker than today's; else null. */
  async rehash(passwordHash: string, password: string): Promise<string | null> {
    return this.hasher.isOutdated(passwordHash) ? this.hasher.hash(password) : null;
  }
}

function assertTaken(taken: Taken): void {
  if (!taken.taken) throw new RateLimitedError(taken.retryAfterSeconds);
}

function refuse(field: string, reason: string): never {
  throw new ValidationFailedError([{ field, message: `${field} ${reason}` }]);
}
