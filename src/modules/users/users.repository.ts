import { Injectable } from '@nestjs/common';
import type { Actor, Plan, Role } from '../../common/actor.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { UserGoneError, violates } from '../../database/database.errors.js';
import { takeKeyedLock } from '../../database/locks.js';
import { statement } from '../../database/statement.js';
import { spellingsOf } from './mobile-number.js';
import { EmailTakenError, MobileNumberTakenError, UsernameTakenError } from './users.errors.js';

/** A user as the user sees it. */
export interface UserProfile {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly mobile_number: string;
  readonly is_verified: boolean;
  readonly has_password: boolean;
  readonly role: Role;
  readonly plan: Plan;
  readonly created_at: Date;
}

/** What signing in looks at, besides. */
export interface UserCredentials extends UserProfile {
  readonly password_hash: string | null;
  readonly is_disabled: boolean;
}

/** What an account may do. */
export interface UserAccess {
  readonly id: string;
  readonly is_verified: boolean;
  readonly role: Role;
  readonly is_disabled: boolean;
}

export interface NewUser {
  readonly id: string;
  readonly username: string;
  readonly mobileNumber: string;
  readonly email: string | null;
  readonly passwordHash: string;
  readonly role: Role;
  readonly isVerified: boolean;
}

const PROFILE = `u.id, u.username, u.email, u.mobile_number, u.verified_at IS NOT NULL AS is_verified,
  u.password_hash IS NOT NULL AS has_password, u.role, p.plan, u.created_at`;

const CREDENTIALS = `${PROFILE}, u.password_hash, u.disabled_at IS NOT NULL AS is_disabled`;

const find = statement<UserCredentials>(
  'users_find',
  `SELECT ${CREDENTIALS} FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.id = $1`,
);

// Waits for, and then holds back, whoever changes the account; rows that only refer to it are not held up.
const lock = statement<UserCredentials>(
  'users_lock',
  `SELECT ${CREDENTIALS} FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.id = $1 FOR NO KEY UPDATE OF u`,
);

const findByIdentifier = statement<UserCredentials>(
  'users_find_by_identifier',
  `SELECT ${CREDENTIALS} FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.username = $1 OR u.mobile_number = ANY ($2::text[])
   ORDER BY array_position($2::text[], u.mobile_number) LIMIT 1`,
);

// Signups with one number are made one after the other: else the second would not see the row of the first until it is too late to take it over.
const lockNumber = statement<never>('users_lock_number', `SELECT ${takeKeyedLock('mobileNumber', '$1')}`);

// FOR UPDATE waits for whoever is giving the account something, a room for example, and holds back whoever is about to. What it holds then is seen by
// the next statement, not by this one.
const lockUnverified = statement<{ id: string }>(
  'users_lock_unverified',
  `SELECT id FROM users WHERE mobile_number = ANY ($1::text[]) AND verified_at IS NULL AND disabled_at IS NULL AND role = 'user' FOR UPDATE`,
);

// Nobody has proved to hold the number, so whoever signs up with it now has as good a claim. An account that holds something stays: its number is
// given to the one who verifies it.
const deleteEmpty = statement<never>(
  'users_delete_empty',
  `DELETE FROM users u WHERE u.id = $1
     AND NOT EXISTS (SELECT FROM chatrooms c WHERE c.user_id = u.id)
     AND NOT EXISTS (SELECT FROM stripe_customers s WHERE s.user_id = u.id)
     AND NOT EXISTS (SELECT FROM grants g WHERE g.user_id = u.id)`,
);

const insert = statement<{ created_at: Date }>(
  'users_insert',
  `INSERT INTO users (id, username, mobile_number, email, password_hash, role, verified_at)
   VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7::boolean THEN now() END) RETURNING created_at`,
);

const markVerified = statement<never>('users_mark_verified', `UPDATE users SET verified_at = now() WHERE id = $1 AND verified_at IS NULL`);

const isVerified = statement<{ is_verified: boolean }>(
  'users_is_verified',
  `SELECT verified_at IS NOT NULL AS is_verified FROM users WHERE id = $1`,
);

const reclaim = statement<never>(
  'users_reclaim',
  `UPDATE users SET password_hash = NULL, email = NULL, reclaimed_at = now() WHERE id = $1`,
);

const setPassword = statement<{ id: string }>(
  'users_set_password',
  `UPDATE users SET password_hash = $2 WHERE id = $1 AND ($3::text IS NULL OR password_hash = $3) RETURNING id`,
);

// A request that was let in before the holder of the number took the account over ($5: the number was not verified then) changes nothing.
const updateProfile = statement<{ id: string }>(
  'users_update_profile',
  `UPDATE users SET username = coalesce($2, username), email = CASE WHEN $3::boolean THEN $4 ELSE email END
   WHERE id = $1 AND ($5::boolean OR reclaimed_at IS NULL) RETURNING id`,
);

const hasAdministrator = statement<{ found: boolean }>(
  'users_has_administrator',
  `SELECT EXISTS (SELECT FROM users WHERE role = 'admin') AS found`,
);

// Administrators that may act, and the account in question, always in the order of their ids: two changes at once are made one after the other,
// and the second sees what the first has left.
const lockAccess = statement<UserAccess>(
  'users_lock_access',
  `SELECT id, role, verified_at IS NOT NULL AS is_verified, disabled_at IS NOT NULL AS is_disabled FROM users
   WHERE id = $1 OR (role = 'admin' AND disabled_at IS NULL) ORDER BY id FOR NO KEY UPDATE`,
);

const setAccess = statement<never>(
  'users_set_access',
  `UPDATE users SET role = $2, disabled_at = CASE WHEN $3::boolean THEN coalesce(disabled_at, now()) END WHERE id = $1`,
);

@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<UserCredentials | null> {
    return (await this.database.run(find, [id]))[0] ?? null;
  }

  /** The same statement whichever identifier is given. Of two accounts of one phone, the one whose spelling comes first. */
  async findByIdentifier(username: string | null, mobileNumbers: readonly string[]): Promise<UserCredentials | null> {
    return (await this.database.run(findByIdentifier, [username, mobileNumbers]))[0] ?? null;
  }

  async lock(on: StatementRunner, id: string): Promise<UserCredentials | null> {
    return (await on.run(lock, [id]))[0] ?? null;
  }

  async markVerified(on: StatementRunner, id: string): Promise<void> {
    await on.run(markVerified, [id]);
  }

  async isVerified(on: StatementRunner, id: string): Promise<boolean> {
    return (await on.run(isVerified, [id]))[0]?.is_verified === true;
  }

  /** Takes from an account what whoever made it could come back with, and notes that: what they have under way changes nothing any more. */
  async reclaim(on: StatementRunner, id: string): Promise<void> {
    await on.run(reclaim, [id]);
  }

  /** @param expectedHash changes nothing unless this is still the stored one; null for any. @returns whether it was changed */
  async setPassword(on: StatementRunner, id: string, passwordHash: string, expectedHash: string | null): Promise<boolean> {
    return (await on.run(setPassword, [id, passwordHash, expectedHash])).length === 1;
  }

  /** @param email undefined leaves it, null clears it. @throws UsernameTakenError, EmailTakenError, UserGoneError */
  async updateProfile(
    { userId, isVerified }: Pick<Actor, 'userId' | 'isVerified'>,
    { username, email }: { username?: string; email?: string | null },
  ): Promise<void> {
    const updated = await this.database
      .run(updateProfile, [userId, username ?? null, email !== undefined, email ?? null, isVerified])
      .catch((error: unknown) => Promise.reject(asTaken(error)));
    if (updated.length === 0) throw new UserGoneError();
  }

  /** The account, if there is one, and every administrator that may act; none of them changes until the transaction ends. */
  lockAccess(on: StatementRunner, id: string): Promise<UserAccess[]> {
    return on.run(lockAccess, [id]);
  }

  async setAccess(on: StatementRunner, { id, role, is_disabled }: Omit<UserAccess, 'is_verified'>): Promise<void> {
    await on.run(setAccess, [id, role, is_disabled]);
  }

  async hasAdministrator(): Promise<boolean> {
    return (await this.database.run(hasAdministrator, []))[0]?.found === true;
  }

  /** Deletes the account of this number unless the number is verified or it holds something; until the transaction ends nobody else takes it. */
  async takeOverNumber(on: Transaction, mobileNumber: string): Promise<void> {
    await on.run(lockNumber, [mobileNumber]);
    for (const { id } of await on.run(lockUnverified, [spellingsOf(mobileNumber)])) await on.run(deleteEmpty, [id]);
  }

  /** @throws UsernameTakenError, MobileNumberTakenError, EmailTakenError */
  async insert(on: StatementRunner, user: NewUser): Promise<UserProfile> {
    const { id, username, mobileNumber, email, passwordHash, role, isVerified } = user;
    const [row] = await on
      .run(insert, [id, username, mobileNumber, email, passwordHash, role, isVerified])
      .catch((error: unknown) => Promise.reject(asTaken(error)));
    if (!row) throw new Error('users_insert answers one row');
    return {
      id,
      username,
      email,
      mobile_number: mobileNumber,
      is_verified: isVerified,
      has_password: true,
      role,
      plan: 'basic',
      created_at: row.created_at,
    };
  }
}

function asTaken(error: unknown): Error {
  if (violates(error, 'uq_users_username')) return new UsernameTakenError();
  if (violates(error, 'uq_users_mobile_number')) return new MobileNumberTakenError();
  if (violates(error, 'uq_users_email')) return new EmailTakenError();
  return error instanceof Error ? error : new Error(String(error));
}
