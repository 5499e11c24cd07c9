import { Injectable } from '@nestjs/common';
import { networkOf } from '../../common/client.js';
import { RateLimitedError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type Counted, Counters, type Free } from '../../database/counters.js';
import { isCommonPassword } from './common-passwords.js';
import { PasswordHasherService } from './password-hasher.service.js';
import { normalised, PASSWORD_LENGTH, PASSWORD_RULE } from './password-rules.js';

/** A password, and the field of the request that holds it, for the error. */
interface PasswordInput {
  readonly field: string;
  readonly password: string;
}

/** A password that is given for an account. */
export interface PasswordCheck {
  /** The account's id; for an unknown account the name that the caller gave. */
  readonly account: string;
  /** Null when there is no account, or it has no password. */
  readonly passwordHash: string | null;
  readonly password: string;
  readonly ip: string;
  /** Whether the owner of the account has used this client before. */
  readonly isKnown: () => Promise<boolean>;
}

/**
 * The limits that a wrong password counts against.
 * - The account and the network together. Other networks, the owner's among them, are not affected.
 * - The network over all accounts, and the account over all networks. They do not apply to a client that has signed in
 *   to the account from this network before, or has given one of its codes from there.
 */
const limitsOf = (account: string, network: string, networkLimit: number): [Counted, Counted, Counted] => [
  { key: ['wrong password', account, network], limit: 10, windowSeconds: 900 },
  { key: ['wrong password of network', network], limit: networkLimit, windowSeconds: 900 },
  { key: ['wrong password of account', account], limit: 100, windowSeconds: 3_600 },
];

/** Rules for passwords: which are acceptable, and how many may be guessed. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly hasher: PasswordHasherService,
    private readonly counters: Counters,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * The hash of a new password.
   *
   * @throws ValidationFailedError for one that is too short, too long or common, RateLimitedError when too many are
   * being hashed
   */
  async hashNew({ field, password }: PasswordInput): Promise<string> {
    const { length } = Array.from(normalised(password));
    if (length < PASSWORD_LENGTH.min || length > PASSWORD_LENGTH.max) refuse(field, PASSWORD_RULE);
    if (isCommonPassword(normalised(password))) refuse(field, 'is one of the passwords that are guessed first');
    return this.hasher.hash(password);
  }

  /** @throws ValidationFailedError for a password that is the account's username */
  assertNotUsername({ field, password }: PasswordInput, username: string): void {
    if (normalised(password).toLowerCase() === username) refuse(field, 'must not be the username');
  }

  /**
   * Whether the password is the account's. Runs one hash and the same statements, whether or not there is an account.
   *
   * @throws RateLimitedError after ten wrong passwords in fifteen minutes from this network; where `isKnown` is false
   * also after NETWORK_WRONG_PASSWORDS of the network in fifteen minutes, or a hundred of the account in an hour
   */
  async matches({ account, passwordHash, password, ip, isKnown }: PasswordCheck): Promise<boolean> {
    if (!this.config.THROTTLE_ENABLED) return this.hasher.verify(passwordHash, password);
    const limits = limitsOf(account, networkOf(ip), this.config.NETWORK_WRONG_PASSWORDS);
    await assertFree(await this.counters.peekAll(limits), isKnown);
    const matches = await this.hasher.verify(passwordHash, password);
    // Concurrent requests may all have passed the first check; the results past the limit reveal nothing either.
    await assertFree(matches ? await this.counters.peekAll(limits) : await this.counters.takeAll(limits), isKnown);
    return matches;
  }

  /** A new hash of a password that was just verified, when the stored one is weaker than today's; otherwise null. */
  async rehash(passwordHash: string, password: string): Promise<string | null> {
    return this.hasher.isOutdated(passwordHash) ? this.hasher.hash(password) : null;
  }
}

/**
 * @param limits the first applies to every client, the others to clients that are not known
 * @throws RateLimitedError
 */
async function assertFree([own, ...others]: readonly Free[], isKnown: () => Promise<boolean>): Promise<void> {
  if (own?.free === false) throw new RateLimitedError(own.retryAfterSeconds);
  const waits = others.flatMap((other) => (other.free ? [] : [other.retryAfterSeconds]));
  if (waits.length > 0 && !(await isKnown())) throw new RateLimitedError(Math.max(...waits));
}

function refuse(field: string, reason: string): never {
  throw new ValidationFailedError([{ field, message: `${field} ${reason}` }]);
}
