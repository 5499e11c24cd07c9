import { Injectable } from '@nestjs/common';
import type { Actor, Role } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { ErasedDaysService } from '../subscriptions/index.js';
import { canBeMobile, canonicalNumber, isServedNumber, parseMobileNumber, parseSpellings } from './mobile-number.js';
import { PasswordsService } from './passwords.service.js';
import { parsePastedUsername, parseUsername, USERNAME_RULE } from './username.js';
import { AdministratorUnverifiedError, InvalidCredentialsError, LastAdministratorError } from './users.errors.js';
import { type NewUser, type UserAccess, type UserCredentials, type UserProfile, UsersRepository } from './users.repository.js';

export interface SignUpInput {
  readonly username: string;
  readonly mobileNumber: string;
  readonly password: string;
  readonly email: string | null;
}

/** What the caller may change; a field that is not there is left as it is, a null e-mail is removed. */
export interface ProfileChanges {
  readonly username?: string;
  readonly email?: string | null;
  readonly currentPassword?: string;
}

/** What signs in, as it is stored; neither for a text that can be neither. */
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
   * Changes the caller's name or e-mail; the e-mail only with the password, for an account that has one.
   *
   * @throws ValidationFailedError, InvalidCredentialsError, UsernameTakenError, EmailTakenError, RateLimitedError, UserGoneError
   */
  async updateMe(actor: Actor, changes: ProfileChanges, client: Client): Promise<UserProfile> {
    const user = await this.getCredentials(actor);
    const email = changes.email === undefined ? undefined : (changes.email?.toLowerCase() ?? null);
    if (email !== undefined && email !== user.email && user.has_password) {
      await this.assertPassword('current_password', user, changes.currentPassword, client);
    }
    await this.users.updateProfile(actor, {
      ...(changes.username === undefined ? {} : { username: changes.username.toLowerCase() }),
      ...(email === undefined ? {} : { email }),
    });
    return this.getMe(actor);
  }

  /** Of a caller who is signed in, and so known. @throws ValidationFailedError when there is no password, InvalidCredentialsError when it is wrong, RateLimitedError */
  async assertPassword(field: string, user: UserCredentials, password: string | undefined, client: Client): Promise<void> {
    if (password === undefined) throw new ValidationFailedError([{ field, message: `${field} is needed for this change` }]);
    const isKnown = () => Promise.resolve(true);
    if (!(await this.passwords.matches(user.id, user.password_hash, password, client, isKnown))) throw new InvalidCredentialsError();
  }

  /**
   * Makes an account, taking the number over from an account that never verified it and holds nothing, and does `alongside` in the same transaction.
   *
   * @param input username and number as people write them
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
      await this.days.begin(transaction, { userId: created.id, mobileNumber: created.mobile_number });
      return { user: created, result: await alongside(transaction, created) };
    });
  }

  /**
   * Makes an administrator, whose number counts as verified.
   *
   * @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError
   */
  async createAdministrator(input: SignUpInput): Promise<UserProfile> {
    const user = await this.prepare(input, { role: 'admin', isVerified: true });
    return this.database.transaction(async (transaction) => {
      await this.users.takeOverNumber(transaction, user.mobileNumber);
      return this.users.insert(transaction, user);
    });
  }

  hasAdministrator(): Promise<boolean> {
    return this.users.hasAdministrator();
  }

  parseIdentifier(text: string): Identifier {
    const username = parsePastedUsername(text);
    return { username, mobileNumbers: username === null ? parseSpellings(text, this.config.DEFAULT_PHONE_REGION) : [] };
  }

  /** One statement whatever is given and found. */
  async findByIdentifier({ username, mobileNumbers }: Identifier): Promise<UserCredentials | null> {
    return this.users.findByIdentifier(username, mobileNumbers);
  }

  /** As `parseMobileNumber`, of a number that a code is to be sent to. @throws ValidationFailedError also when it cannot be a mobile number */
  parseMobile(text: string): string {
    const number = this.parseMobileNumber(text);
    if (!canBeMobile(number)) {
      throw new ValidationFailedError([{ field: 'mobile_number', message: 'mobile_number must be a number that a mobile phone can have' }]);
    }
    return number;
  }

  /** The number in its canonical form (E.164). @throws ValidationFailedError when it is none, or of a country that is not served */
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

  /** As `lock`, with the account's day, for `settleDay`. */
  async lockWithDay(transaction: StatementRunner, userId: string): Promise<UserCredentials | null> {
    await this.days.hold(transaction, userId);
    return this.lock(transaction, userId);
  }

  /** The account, held against changes until the transaction ends. */
  lock(transaction: StatementRunner, userId: string): Promise<UserCredentials | null> {
    return this.users.lock(transaction, userId);
  }

  /** Whether the number of an account is verified; once it is, it stays so. */
  isVerified(on: StatementRunner, userId: string): Promise<boolean> {
    return this.users.isVerified(on, userId);
  }

  /**
   * Notes that the holder of the number is here, and clears what somebody else may have set before: password and e-mail.
   *
   * @param user as it was locked in this transaction
   */
  async verifyNumber(transaction: StatementRunner, user: UserCredentials, { clear }: { clear: boolean }): Promise<UserProfile> {
    await this.users.markVerified(transaction, user.id);
    if (!clear) return { ...user, is_verified: true };
    await this.users.reclaim(transaction, user.id);
    return { ...user, is_verified: true, has_password: false, email: null };
  }

  /**
   * Charges a newly verified account what is kept under its number, of an account that was erased today. Comes last in the transaction: deleting
   * what the account holds gives units back to its day.
   *
   * @param user as `lockWithDay` found it
   * @param restart true: what was charged to the day before is somebody else's
   */
  async settleDay(transaction: StatementRunner, user: UserCredentials, { restart }: { restart: boolean }): Promise<void> {
    if (user.is_verified) return;
    await this.days.carry(transaction, { userId: user.id, mobileNumber: canonicalNumber(user.mobile_number), restart });
  }

  /** @param expectedHash nothing is changed unless this is still the stored one; null for any. @returns whether it was changed */
  setPassword(transaction: StatementRunner, userId: string, passwordHash: string, expectedHash: string | null): Promise<boolean> {
    return this.users.setPassword(transaction, userId, passwordHash, expectedHash);
  }

  /**
   * Changes what an account may do; a field that is not there is left as it is.
   *
   * @returns the account before and after, which are the same when there was nothing to change
   * @throws NotFoundError, AdministratorUnverifiedError, LastAdministratorError
   */
  async changeAccess(
    transaction: StatementRunner,
    userId: string,
    changes: { readonly role?: Role; readonly isDisabled?: boolean },
  ): Promise<{ before: UserAccess; after: UserAccess }> {
    const locked = await this.users.lockAccess(transaction, userId);
    const before = locked.find(({ id }) => id === userId);
    if (!before) throw new NotFoundError();
    const after = { ...before, role: changes.role ?? before.role, is_disabled: changes.isDisabled ?? before.is_disabled };
    if (after.role === before.role && after.is_disabled === before.is_disabled) return { before, after: before };
    if (after.role === 'admin' && before.role !== 'admin' && !before.is_verified) throw new AdministratorUnverifiedError();
    if (mayAdministrate(before) && !mayAdministrate(after) && !isAnotherAdministrator(locked, userId)) throw new LastAdministratorError();
    await this.users.setAccess(transaction, after);
    return { before, after };
  }

  /** Before the account goes. @throws LastAdministratorError when nobody would be left who may administrate */
  async assertDispensable(transaction: StatementRunner, userId: string): Promise<void> {
    const locked = await this.users.lockAccess(transaction, userId);
    if (locked.some((user) => user.id === userId && mayAdministrate(user)) && !isAnotherAdministrator(locked, userId)) {
      throw new LastAdministratorError();
    }
  }

  private async prepare(input: SignUpInput, { role, isVerified }: Pick<NewUser, 'role' | 'isVerified'>): Promise<NewUser> {
    const username = parseUsername(input.username);
    if (username === null) throw new ValidationFailedError([{ field: 'username', message: USERNAME_RULE }]);
    const mobileNumber = this.parseMobile(input.mobileNumber);
    this.passwords.assertNotUsername('password', input.password, username);
    const passwordHash = await this.passwords.hashNew('password', input.password);
    return { id: newId(), username, mobileNumber, email: input.email?.toLowerCase() ?? null, passwordHash, role, isVerified };
  }
}

const mayAdministrate = ({ role, is_disabled }: UserAccess): boolean => role === 'admin' && !is_disabled;

const isAnotherAdministrator = (users: readonly UserAccess[], userId: string): boolean =>
  users.some((user) => user.id !== userId && mayAdministrate(user));
