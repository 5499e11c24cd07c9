import { Injectable } from '@nestjs/common';
import type { Actor, Role } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { logSecurityEvent } from '../../common/logging/security-log.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { ErasedDaysService } from '../subscriptions/index.js';
import { canBeMobile, canonicalNumber, isServedNumber, parseMobileNumber, parseSpellings } from './mobile-number.js';
import { PasswordsService } from './passwords.service.js';
import { parsePastedUsername, parseUsername, USERNAME_RULE } from './username.js';
import { AdministratorUnverifiedError, InvalidCredentialsError, LastAdministratorError } from './users.errors.js';
import {
  type NewUser,
  type PasswordChange,
  type UserAccess,
  type UserCredentials,
  type UserProfile,
  UsersRepository,
} from './users.repository.js';

/** Username and number as people write them. */
export interface SignUpInput {
  readonly username: string;
  readonly mobileNumber: string;
  readonly password: string;
  readonly email: string | null;
}

/**
 * The fields that users may change. A field that is undefined stays as it is; an e-mail address that is null is
 * removed.
 */
export interface ProfileChanges {
  readonly username?: string;
  readonly email?: string | null;
  readonly currentPassword?: string;
}

/** The identifier of a sign-in as it is stored. A text that can be neither has no username and no numbers. */
export interface Identifier {
  readonly username: string | null;
  /** Every spelling of the number, the typed one first. */
  readonly mobileNumbers: readonly string[];
}

@Injectable()
export class UsersService {
  constructor(
    private readonly users: UsersRepository,
    private readonly passwords: PasswordsService,
    private readonly days: ErasedDaysService,
    private readonly database: Database,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws NotFoundError when the account was erased while the request ran */
  async getMe(actor: Actor): Promise<UserProfile> {
    return this.getCredentials(actor);
  }

  /** @throws NotFoundError when the account was erased while the request ran */
  async getCredentials(actor: Actor): Promise<UserCredentials> {
    const user = await this.users.find(actor.userId);
    if (!user) throw new NotFoundError();
    return user;
  }

  /**
   * Changes the caller's username or e-mail address. A change of the address takes the password, if the account has
   * one.
   *
   * @throws ValidationFailedError, InvalidCredentialsError, UsernameTakenError, EmailTakenError, RateLimitedError,
   * UserGoneError
   */
  async updateMe(actor: Actor, changes: ProfileChanges, client: Client): Promise<UserProfile> {
    const user = await this.getCredentials(actor);
    const email = changes.email === undefined ? undefined : (changes.email?.toLowerCase() ?? null);
    if (email !== undefined && email !== user.email && user.hasPassword) {
      await this.assertPassword(user, { field: 'current_password', password: changes.currentPassword }, client);
    }
    await this.users.updateProfile(actor, {
      ...(changes.username === undefined ? {} : { username: changes.username.toLowerCase() }),
      ...(email === undefined ? {} : { email }),
    });
    return this.getMe(actor);
  }

  /**
   * Checks the password of a caller who is signed in, so that the client counts as known.
   *
   * @param input the password, and the field of the request that holds it
   * @throws ValidationFailedError without a password, InvalidCredentialsError for a wrong one, RateLimitedError
   */
  async assertPassword(
    { id, passwordHash }: UserCredentials,
    { field, password }: { readonly field: string; readonly password: string | undefined },
    { ip }: Client,
  ): Promise<void> {
    if (password === undefined) throw new ValidationFailedError([{ field, message: `${field} is required for this change` }]);
    const isKnown = () => Promise.resolve(true);
    if (!(await this.passwords.matches({ account: id, passwordHash, password, ip, isKnown }))) throw new InvalidCredentialsError();
  }

  /**
   * Creates an account, and runs `alongside` in the same transaction. The number is taken over from an account that
   * never verified it and holds nothing.
   *
   * @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError, EmailTakenError, RateLimitedError
   */
  async signUp<T>(
    input: SignUpInput,
    alongside: (transaction: Transaction, user: UserProfile) => Promise<T>,
  ): Promise<{ user: UserProfile; result: T }> {
    const user = await this.prepare(input, { role: 'user', isVerified: false });
    return this.database.transaction(async (transaction) => {
      await this.users.takeOverNumber(transaction, user.mobileNumber);
      const created = await this.users.insert(transaction, user);
      await this.days.begin(transaction, { userId: created.id, mobileNumber: created.mobileNumber });
      return { user: created, result: await alongside(transaction, created) };
    });
  }

  /**
   * Creates an administrator, whose number counts as verified.
   *
   * @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError
   */
  async createAdministrator(input: SignUpInput): Promise<UserProfile> {
    const user = await this.prepare(input, { role: 'admin', isVerified: true });
    return this.database.transaction(async (transaction) => {
      await this.users.takeOverNumber(transaction, user.mobileNumber);
      const created = await this.users.insert(transaction, user);
      logSecurityEvent('administrator_created', { user_id: created.id }, transaction);
      return created;
    });
  }

  hasAdministrator(): Promise<boolean> {
    return this.users.hasAdministrator();
  }

  parseIdentifier(text: string): Identifier {
    const username = parsePastedUsername(text);
    return { username, mobileNumbers: username === null ? parseSpellings(text, this.config.DEFAULT_PHONE_REGION) : [] };
  }

  /** Runs the same single statement for every identifier. */
  async findByIdentifier({ username, mobileNumbers }: Identifier): Promise<UserCredentials | null> {
    return this.users.findByIdentifier(username, mobileNumbers);
  }

  /**
   * Like `parseMobileNumber`, for a number that a code will be sent to.
   *
   * @throws ValidationFailedError also when it cannot be a mobile number
   */
  parseMobile(text: string): string {
    const number = this.parseMobileNumber(text);
    if (!canBeMobile(number)) {
      throw new ValidationFailedError([{ field: 'mobile_number', message: 'mobile_number must be a number that a mobile phone can have' }]);
    }
    return number;
  }

  /**
   * The number in its canonical form (E.164).
   *
   * @throws ValidationFailedError for a text that is not a number, or a number of a country that is not served
   */
  parseMobileNumber(text: string): string {
    const number = parseMobileNumber(text, this.config.DEFAULT_PHONE_REGION);
    if (number === null) {
      const hint = this.config.DEFAULT_PHONE_REGION === undefined ? ' with its country code, such as +14155550123' : '';
      throw new ValidationFailedError([{ field: 'mobile_number', message: `mobile_number must be a mobile number${hint}` }]);
    }
    if (!isServedNumber(number, this.config.SMS_ALLOWED_COUNTRIES)) {
      throw new ValidationFailedError([{ field: 'mobile_number', message: 'mobile_number is of a country that is not served' }]);
    }
    return number;
  }

  /** Like `lock`, but locks the account's day first, for `settleDay`. */
  async lockWithDay(transaction: StatementRunner, userId: string): Promise<UserCredentials | null> {
    await this.days.hold(transaction, userId);
    return this.lock(transaction, userId);
  }

  /** Locks the account against changes until the transaction ends. */
  lock(transaction: StatementRunner, userId: string): Promise<UserCredentials | null> {
    return this.users.lock(transaction, userId);
  }

  /** Whether the number of an account is verified. A verified number stays verified. */
  isVerified(transaction: Transaction, userId: string): Promise<boolean> {
    return this.users.isVerified(transaction, userId);
  }

  /**
   * Records that the holder of the number uses the account.
   *
   * @param user as it was locked in this transaction
   * @param options.clear true removes the password and the e-mail address, which somebody else may have set
   */
  async verifyNumber(transaction: Transaction, user: UserCredentials, { clear }: { clear: boolean }): Promise<UserProfile> {
    await this.users.markVerified(transaction, user.id);
    if (!clear) return { ...user, isVerified: true };
    await this.users.reclaim(transaction, user.id);
    return { ...user, isVerified: true, hasPassword: false, email: null };
  }

  /**
   * Charges a newly verified account with the usage of an account of the same number that was erased today. This comes
   * last in the transaction, because deleting the contents of the account refunds units to its day.
   *
   * @param user as `lockWithDay` found it
   * @param options.restart true when somebody else caused what was charged to the day before
   */
  async settleDay(transaction: StatementRunner, user: UserCredentials, { restart }: { restart: boolean }): Promise<void> {
    if (user.isVerified) return;
    await this.days.carry(transaction, { userId: user.id, mobileNumber: canonicalNumber(user.mobileNumber), restart });
  }

  /** @returns whether the password was changed */
  setPassword(on: StatementRunner, change: PasswordChange): Promise<boolean> {
    return this.users.setPassword(on, change);
  }

  /**
   * Changes what an account may do. A field that is undefined stays as it is.
   *
   * @returns the account before and after; the same object when nothing changed
   * @throws NotFoundError, AdministratorUnverifiedError, LastAdministratorError
   */
  async changeAccess(
    transaction: Transaction,
    userId: string,
    changes: { readonly role?: Role; readonly isDisabled?: boolean },
  ): Promise<{ before: UserAccess; after: UserAccess }> {
    const locked = await this.users.lockAccess(transaction, userId);
    const before = locked.find(({ id }) => id === userId);
    if (!before) throw new NotFoundError();
    const after = { ...before, role: changes.role ?? before.role, isDisabled: changes.isDisabled ?? before.isDisabled };
    if (after.role === before.role && after.isDisabled === before.isDisabled) return { before, after: before };
    if (after.role === 'admin' && before.role !== 'admin' && !before.isVerified) throw new AdministratorUnverifiedError();
    if (isActiveAdministrator(before) && !isActiveAdministrator(after) && !hasOtherAdministrator(locked, userId)) {
      throw new LastAdministratorError();
    }
    await this.users.setAccess(transaction, after);
    return { before, after };
  }

  /**
   * Checks that an account may be deleted.
   *
   * @throws LastAdministratorError when no active administrator would be left
   */
  async assertDispensable(transaction: StatementRunner, userId: string): Promise<void> {
    const locked = await this.users.lockAccess(transaction, userId);
    if (locked.some((user) => user.id === userId && isActiveAdministrator(user)) && !hasOtherAdministrator(locked, userId)) {
      throw new LastAdministratorError();
    }
  }

  private async prepare(input: SignUpInput, { role, isVerified }: Pick<NewUser, 'role' | 'isVerified'>): Promise<NewUser> {
    const username = parseUsername(input.username);
    if (username === null) throw new ValidationFailedError([{ field: 'username', message: USERNAME_RULE }]);
    const mobileNumber = this.parseMobile(input.mobileNumber);
    const password = { field: 'password', password: input.password };
    this.passwords.assertNotUsername(password, username);
    const passwordHash = await this.passwords.hashNew(password);
    return { id: newId(), username, mobileNumber, email: input.email?.toLowerCase() ?? null, passwordHash, role, isVerified };
  }
}

const isActiveAdministrator = ({ role, isDisabled }: UserAccess): boolean => role === 'admin' && !isDisabled;

const hasOtherAdministrator = (users: readonly UserAccess[], userId: string): boolean =>
  users.some((user) => user.id !== userId && isActiveAdministrator(user));
