import { Injectable } from '@nestjs/common';
import { type Client, networkOf } from '../../common/client.js';
import { RateLimitedError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type Counted, Counters, type Free } from '../../database/counters.js';
import { isCommonPassword } from './common-passwords.js';
import { normalised, PASSWORD_LENGTH, PASSWORD_RULE } from './password-rules.js';
import { PasswordHasher } from './password-hasher.js';

/**
 * What a wrong password counts against.
 * - The account and the network together: other networks, the owner's among them, are not held up.
 * - The network over all accounts, and the account over all networks: these hold everybody up but who has signed in to the account from there
 *   before, or has given a code of it there.
 */
const limitsOf = (account: string, network: string, ofNetwork: number): [Counted, Counted, Counted] => [
  { key: ['wrong password', account, network], limit: 10, windowSeconds: 900 },
  { key: ['wrong password of network', network], limit: ofNetwork, windowSeconds: 900 },
  { key: ['wrong password of account', account], limit: 100, windowSeconds: 3_600 },
];

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
   * @param account the account's id, or what the caller names an unknown one by
   * @param isKnown whether the owner of the account was at this client before
   * @throws RateLimitedError after ten wrong tries in fifteen minutes from this network; where `isKnown` is false also after
   *   NETWORK_WRONG_PASSWORDS of the network in fifteen minutes, or a hundred of the account in an hour
   */
  async matches(
    account: string,
    passwordHash: string | null,
    password: string,
    { ip }: Client,
    isKnown: () => Promise<boolean>,
  ): Promise<boolean> {
    if (!this.config.THROTTLE_ENABLED) return this.hasher.verify(passwordHash, password);
    const limits = limitsOf(account, networkOf(ip), this.config.NETWORK_WRONG_PASSWORDS);
    await assertFree(await this.counters.peekAll(limits), isKnown);
    const matches = await this.hasher.verify(passwordHash, password);
    // Of tries that were all let in at once the answers past the last permitted one tell nothing either.
    await assertFree(matches ? await this.counters.peekAll(limits) : await this.counters.takeAll(limits), isKnown);
    return matches;
  }

  /** The hash of a password that was just found right, when the stored one is weaker than today's; else null. */
  async rehash(passwordHash: string, password: string): Promise<string | null> {
    return this.hasher.isOutdated(passwordHash) ? this.hasher.hash(password) : null;
  }
}

/** @param limits the first holds for everybody, the others for who is not known. @throws RateLimitedError */
async function assertFree([own, ...others]: readonly Free[], isKnown: () => Promise<boolean>): Promise<void> {
  if (own?.free === false) throw new RateLimitedError(own.retryAfterSeconds);
  const waits = others.flatMap((other) => (other.free ? [] : [other.retryAfterSeconds]));
  if (waits.length > 0 && !(await isKnown())) throw new RateLimitedError(Math.max(...waits));
}

function refuse(field: string, reason: string): never {
  throw new ValidationFailedError([{ field, message: `${field} ${reason}` }]);
}
