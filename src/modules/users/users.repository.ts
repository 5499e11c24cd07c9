import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Not, type Repository } from 'typeorm';
import type { Actor, Plan } from '../../common/actor.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { UserGoneError, violates } from '../../database/database.errors.js';
import { columnsOf } from '../../database/entity-columns.js';
import { takeKeyedLock } from '../../database/locks.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { spellingsOf } from './mobile-number.js';
import { UserEntity } from './user.entity.js';
import { EmailTakenError, MobileNumberTakenError, UsernameTakenError } from './users.errors.js';

const USER = columnsOf(UserEntity, ['id', 'username', 'email', 'mobileNumber', 'passwordHash', 'role', 'createdAt']);

const CREDENTIALS = {
  ...USER.columns,
  isVerified: 'bool',
  hasPassword: 'bool',
  isDisabled: 'bool',
  plan: typed<Plan>('text'),
} as const;

const SELECT_CREDENTIALS = `SELECT ${USER.sql('u')}, u.verified_at IS NOT NULL AS "isVerified",
     u.password_hash IS NOT NULL AS "hasPassword", u.disabled_at IS NOT NULL AS "isDisabled", p.plan
   FROM users u JOIN user_plans p ON p.user_id = u.id`;

const ACCESS = columnsOf(UserEntity, ['id', 'role']);

const ACCESS_COLUMNS = { ...ACCESS.columns, isVerified: 'bool', isDisabled: 'bool' } as const;

/** A user with what a sign-in checks. */
export type UserCredentials = RowOf<typeof CREDENTIALS>;

/** A user as the user sees it. */
export type UserProfile = Omit<UserCredentials, 'passwordHash' | 'isDisabled'>;

/** The facts that decide what an account may do. */
export type UserAccess = RowOf<typeof ACCESS_COLUMNS>;

export interface NewUser extends Readonly<Pick<UserEntity, 'id' | 'username' | 'mobileNumber' | 'email' | 'role'>> {
  readonly passwordHash: string;
  readonly isVerified: boolean;
}

export interface PasswordChange extends Readonly<Pick<UserEntity, 'id'>> {
  readonly passwordHash: string;
  /** The change applies only if this is still the stored hash; undefined for any. */
  readonly expectedHash?: string;
}

const find = statement({
  name: 'users_find',
  parameters: { id: 'uuid' },
  columns: CREDENTIALS,
  text: `${SELECT_CREDENTIALS} WHERE u.id = :id`,
});

// Waits for every transaction that changes the account, and holds others back. Rows that only refer to the account are
// not blocked.
const lock = statement({
  name: 'users_lock',
  parameters: { id: 'uuid' },
  columns: CREDENTIALS,
  text: `${SELECT_CREDENTIALS} WHERE u.id = :id FOR NO KEY UPDATE OF u`,
});

// One statement for every identifier, so that the time of a sign-in does not tell known from unknown accounts.
const findByIdentifier = statement({
  name: 'users_find_by_identifier',
  parameters: { username: 'text?', mobile_numbers: 'text[]' },
  columns: CREDENTIALS,
  text: `${SELECT_CREDENTIALS} WHERE u.username = :username OR u.mobile_number = ANY (:mobile_numbers)
   ORDER BY array_position(:mobile_numbers, u.mobile_number) LIMIT 1`,
});

// Serialises the sign-ups with one number. The second would otherwise not see the row of the first until it is too late
// to take it over.
const lockNumber = statement({
  name: 'users_lock_number',
  parameters: { mobile_number: 'text' },
  columns: { locked: 'text' },
  text: `SELECT ${takeKeyedLock('mobileNumber', ':mobile_number')}::text AS locked`,
});

// FOR UPDATE waits for transactions that are adding something to the account, for example a chatroom, and holds others
// back. What they have added is visible to the next statement, not to this one.
const lockUnverified = statement({
  name: 'users_lock_unverified',
  parameters: { mobile_numbers: 'text[]' },
  columns: { id: 'uuid' },
  text: `SELECT id FROM users
   WHERE mobile_number = ANY (:mobile_numbers) AND verified_at IS NULL AND disabled_at IS NULL AND role = 'user' FOR UPDATE`,
});

// The number is not verified, so the new sign-up has as good a claim to it. An account that holds something
// stays: its number is given to the person who verifies it.
const deleteEmpty = statement({
  name: 'users_delete_empty',
  parameters: { id: 'uuid' },
  text: `DELETE FROM users u WHERE u.id = :id
     AND NOT EXISTS (SELECT FROM chatrooms c WHERE c.user_id = u.id)
     AND NOT EXISTS (SELECT FROM stripe_customers s WHERE s.user_id = u.id)
     AND NOT EXISTS (SELECT FROM grants g WHERE g.user_id = u.id)`,
});

// Compares and sets, so that a password that was replaced in the meantime stays.
const setPassword = statement({
  name: 'users_set_password',
  parameters: { id: 'uuid', password_hash: 'text', expected_hash: 'text?' },
  columns: { id: 'uuid' },
  text: `UPDATE users SET password_hash = :password_hash
   WHERE id = :id AND (:expected_hash::text IS NULL OR password_hash = :expected_hash) RETURNING id`,
});

// A request that was authenticated while the number was not verified changes nothing once the holder of the number has
// taken the account over.
const updateProfile = statement({
  name: 'users_update_profile',
  parameters: { id: 'uuid', username: 'text?', sets_email: 'bool', email: 'text?', was_verified: 'bool' },
  columns: { id: 'uuid' },
  text: `UPDATE users SET username = coalesce(:username, username), email = CASE WHEN :sets_email THEN :email ELSE email END
   WHERE id = :id AND (:was_verified OR reclaimed_at IS NULL) RETURNING id`,
});

// Locks the active administrators and the account in question, always in the order of their ids: concurrent changes are
// serialised, and the second sees the result of the first.
const lockAccess = statement({
  name: 'users_lock_access',
  parameters: { id: 'uuid' },
  columns: ACCESS_COLUMNS,
  text: `SELECT ${ACCESS.sql()}, verified_at IS NOT NULL AS "isVerified", disabled_at IS NOT NULL AS "isDisabled" FROM users
   WHERE id = :id OR (role = 'admin' AND disabled_at IS NULL) ORDER BY id FOR NO KEY UPDATE`,
});

@Injectable()
export class UsersRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(UserEntity) private readonly users: Repository<UserEntity>,
  ) {}

  async find(id: string): Promise<UserCredentials | null> {
    return (await this.database.run(find, { id }))[0] ?? null;
  }

  /** Finds, of two accounts of one phone, the one whose spelling comes first. */
  async findByIdentifier(username: string | null, mobileNumbers: readonly string[]): Promise<UserCredentials | null> {
    return (await this.database.run(findByIdentifier, { username, mobile_numbers: mobileNumbers }))[0] ?? null;
  }

  /** Locks the account until the transaction ends. */
  async lock(on: StatementRunner, id: string): Promise<UserCredentials | null> {
    return (await on.run(lock, { id }))[0] ?? null;
  }

  async markVerified({ manager }: Transaction, id: string): Promise<void> {
    await manager.withRepository(this.users).update({ id, verifiedAt: IsNull() }, { verifiedAt: () => 'now()' });
  }

  isVerified({ manager }: Transaction, id: string): Promise<boolean> {
    return manager.withRepository(this.users).existsBy({ id, verifiedAt: Not(IsNull()) });
  }

  /**
   * Clears what the person who created the account could sign in with, and records the time, so that their requests
   * that are still running change nothing.
   */
  async reclaim({ manager }: Transaction, id: string): Promise<void> {
    await manager.withRepository(this.users).update({ id }, { passwordHash: null, email: null, reclaimedAt: () => 'now()' });
  }

  /** @returns whether the password was changed */
  async setPassword(on: StatementRunner, { id, passwordHash, expectedHash }: PasswordChange): Promise<boolean> {
    const updated = await on.run(setPassword, { id, password_hash: passwordHash, expected_hash: expectedHash ?? null });
    return updated.length === 1;
  }

  /**
   * @param changes a field that is undefined stays as it is; an e-mail address that is null is removed
   * @throws UsernameTakenError, EmailTakenError, UserGoneError
   */
  async updateProfile(
    { userId, isVerified }: Pick<Actor, 'userId' | 'isVerified'>,
    { username, email }: { readonly username?: string; readonly email?: string | null },
  ): Promise<void> {
    const updated = await this.database
      .run(updateProfile, {
        id: userId,
        username: username ?? null,
        sets_email: email !== undefined,
        email: email ?? null,
        was_verified: isVerified,
      })
      .catch(throwTaken);
    if (updated.length === 0) throw new UserGoneError();
  }

  /** Locks the account, if it exists, and every active administrator until the transaction ends. */
  lockAccess(on: StatementRunner, id: string): Promise<UserAccess[]> {
    return on.run(lockAccess, { id });
  }

  async setAccess({ manager }: Transaction, { id, role, isDisabled }: UserAccess): Promise<void> {
    const disabledAt = isDisabled ? () => 'coalesce(disabled_at, now())' : null;
    await manager.withRepository(this.users).update({ id }, { role, disabledAt });
  }

  hasAdministrator(): Promise<boolean> {
    return this.users.existsBy({ role: 'admin' });
  }

  /**
   * Deletes the account of this number unless the number is verified or the account holds something. Until the
   * transaction ends no other sign-up takes the number.
   */
  async takeOverNumber(on: StatementRunner, mobileNumber: string): Promise<void> {
    await on.run(lockNumber, { mobile_number: mobileNumber });
    const unverified = await on.run(lockUnverified, { mobile_numbers: spellingsOf(mobileNumber) });
    for (const { id } of unverified) await on.run(deleteEmpty, { id });
  }

  /** @throws UsernameTakenError, MobileNumberTakenError, EmailTakenError */
  async insert({ manager }: Transaction, { isVerified, passwordHash, ...columns }: NewUser): Promise<UserProfile> {
    const verifiedAt = isVerified ? { verifiedAt: () => 'now()' } : {};
    const user = Object.assign(this.users.create({ ...columns, passwordHash }), verifiedAt);
    // TypeORM sets what the database filled in, here the time of creation.
    await manager.withRepository(this.users).insert(user).catch(throwTaken);
    return { ...columns, isVerified, hasPassword: true, plan: 'basic', createdAt: user.createdAt };
  }
}

/** Translates a violated unique constraint. */
function throwTaken(error: unknown): never {
  if (violates(error, 'uq_users_username')) throw new UsernameTakenError();
  if (violates(error, 'uq_users_mobile_number')) throw new MobileNumberTakenError();
  if (violates(error, 'uq_users_email')) throw new EmailTakenError();
  throw error;
}
