import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type Transaction } from '../../database/database.js';
import { parseMobileNumber } from './mobile-number.js';
import { PasswordHasher } from './password-hasher.js';
import { assertAcceptablePassword } from './password-rules.js';
import { MobileNumberTakenError } from './users.errors.js';
import { parseUsername } from './username.js';
import { type NewUser, type UserCredentials, type UserProfile, UsersRepository } from './users.repository.js';

const TAKEOVER_TRIES = 3;

export interface SignUpInput {
  readonly username: string;
  readonly mobileNumber: string;
  readonly password: string;
  readonly email: string | null;
}

@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: PasswordHasher,
    private readonly database: Database,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws NotFoundError when the account was erased while the request ran */
  async getMe(actor: Actor): Promise<UserProfile> {
    const user = await this.users.find(actor.userId);
    if (!user) throw new NotFoundError();
    return user;
  }

  /**
   * Makes an account, taking the number over from an account that never verified it, and does `alongside` in the same transaction.
   *
   * @param input username and number as people write them
   * @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError, EmailTakenError, RateLimitedError
   */
  async signUp<T>(
    input: SignUpInput,
    alongside: (transaction: Transaction, user: UserProfile) => Promise<T>,
  ): Promise<{ user: UserProfile; result: T }> {
    const user = await this.prepare(input, { role: 'user', isVerified: false });
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.database.transaction(async (transaction) => {
          await this.users.deleteUnverified(transaction, user.mobileNumber);
          const created = await this.users.insert(transaction, user);
          return { user: created, result: await alongside(transaction, created) };
        });
      } catch (error) {
        // Another signup with this number committed between the two statements; it is unverified too, unless this fails again and again.
        if (!(error instanceof MobileNumberTakenError) || tries === TAKEOVER_TRIES) throw error;
      }
    }
  }

  /**
   * Makes an administrator, whose number counts as verified.
   *
   * @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError
   */
  async createAdministrator(input: SignUpInput): Promise<UserProfile> {
    const user = await this.prepare(input, { role: 'admin', isVerified: true });
    return this.database.transaction(async (transaction) => {
      await this.users.deleteUnverified(transaction, user.mobileNumber);
      return this.users.insert(transaction, user);
    });
  }

  hasAdministrator(): Promise<boolean> {
    return this.users.hasAdministrator();
  }

  /** The account of a username or mobile number, as people write them; one statement whatever is given and found. */
  async findByIdentifier(identifier: string): Promise<UserCredentials | null> {
    const username = parseUsername(identifier);
    return this.users.findByIdentifier(
      username,
      username === null ? parseMobileNumber(identifier, this.config.DEFAULT_PHONE_REGION) : null,
    );
  }

  /** @throws ValidationFailedError */
  parseMobileNumber(text: string): string {
    const number = parseMobileNumber(text, this.config.DEFAULT_PHONE_REGION);
    if (number === null) {
      const hint = this.config.DEFAULT_PHONE_REGION === undefined ? ' with its country code, such as +14155550123' : '';
      throw new ValidationFailedError([{ field: 'mobile_number', message: `mobile_number must be a mobile number${hint}` }]);
    }
    return number;
  }

  private async prepare(input: SignUpInput, { role, isVerified }: Pick<NewUser, 'role' | 'isVerified'>): Promise<NewUser> {
    const username = input.username.toLowerCase();
    const mobileNumber = this.parseMobileNumber(input.mobileNumber);
    assertAcceptablePassword('password', input.password, username);
    return {
      id: newId(),
      username,
      mobileNumber,
      email: input.email?.toLowerCase() ?? null,
      passwordHash: await this.passwords.hash(input.password),
      role,
      isVerified,
    };
  }
}
