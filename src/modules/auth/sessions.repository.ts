import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import type { Plan, Role } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { UserEntity } from '../users/index.js';
import { SessionEntity } from './session.entity.js';

const LISTED = columnsOf(SessionEntity, ['id', 'device', 'ip', 'createdAt', 'lastUsedAt']);

const TOKENS = columnsOf(SessionEntity, ['userId', 'refreshKey', 'refreshTokenHash', 'spentTokenHash']);

export type ListedSession = RowOf<typeof LISTED.columns>;

export interface SessionPageRequest {
  /** The page starts after this session; null for the first page. */
  readonly after: Pick<ListedSession, 'createdAt' | 'id'> | null;
  readonly limit: number;
}

export interface NewSession extends Readonly<Pick<SessionEntity, 'id' | 'userId' | 'refreshKey' | 'refreshTokenHash'>> {
  /** The role that the user had when the sign-in was checked. */
  readonly role: Role;
  /** The hash that the password was checked against; undefined for a sign-in without one. */
  readonly passwordHash?: string;
  readonly client: Client;
  readonly lifetimeMs: number;
}

/** Names an account, whether or not there is one. */
export interface AccountName {
  readonly userId?: string | null;
  readonly mobileNumbers?: readonly string[];
}

/** The maximum age of sessions in milliseconds: parameters of every statement that contains IS_LIVE or ENDS_AT. */
const MAX_AGES = { max_age_ms: 'float8', admin_max_age_ms: 'float8' } as const;

const MAX_AGE_MS = `CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END`;

/**
 * The end of a session `s` of the user `u`. The stored time may be later, if the setting was another one when it was
 * written, or if a process of an earlier release wrote it.
 */
const ENDS_AT = `least(s.expires_at, s.created_at + make_interval(secs => ${MAX_AGE_MS} / 1000))`;

const IS_LIVE = `s.ended_at IS NULL AND ${ENDS_AT} > now()`;

const findLive = statement({
  name: 'sessions_find_live',
  parameters: { ids: 'uuid[]', ...MAX_AGES },
  columns: { id: 'uuid' },
  text: `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = ANY (:ids) AND ${IS_LIVE} AND u.disabled_at IS NULL`,
});

const ACCOUNT = columnsOf(UserEntity, ['username', 'email', 'mobileNumber', 'role', 'createdAt', 'listVersion']);

// Runs for the requests of one turn of the event loop: one round trip that reads by primary key, and the facts that
// the callers' plans depend on.
const findActors = statement({
  name: 'sessions_find_actors',
  parameters: { ids: 'uuid[]', user_ids: 'uuid[]', ...MAX_AGES },
  columns: {
    sessionId: 'uuid',
    userId: 'uuid',
    ...ACCOUNT.columns,
    isLive: 'bool',
    isDisabled: 'bool',
    isVerified: 'bool',
    hasPassword: 'bool',
    plan: typed<Plan>('text'),
  },
  text: `SELECT s.id AS "sessionId", u.id AS "userId", ${ACCOUNT.sql('u')}, ${IS_LIVE} AS "isLive", u.disabled_at IS NOT NULL AS "isDisabled",
     u.verified_at IS NOT NULL AS "isVerified", u.password_hash IS NOT NULL AS "hasPassword", p.plan
   FROM unnest(:ids::uuid[], :user_ids::uuid[]) AS wanted(id, user_id)
     JOIN sessions s ON s.id = wanted.id AND s.user_id = wanted.user_id JOIN users u ON u.id = s.user_id JOIN user_plans p ON p.user_id = u.id`,
});

type FoundActor = NonNullable<typeof findActors.row>;

/** Most sessions of one statement. */
const ACTORS_AT_ONCE = 100;

// Checks the account again: one that was disabled or erased since the sign-in was checked, or whose password or role
// was changed, gets no session. FOR SHARE waits for transactions that are changing it.
const insert = statement({
  name: 'sessions_insert',
  parameters: {
    id: 'uuid',
    user_id: 'uuid',
    refresh_key: 'bytea',
    refresh_token_hash: 'bytea',
    device: 'text?',
    ip: 'text',
    lifetime_ms: 'float8',
    password_hash: 'text?',
    role: 'text',
  },
  columns: { id: 'uuid' },
  text: `INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, device, ip, expires_at)
   SELECT :id, u.id, :refresh_key, :refresh_token_hash, :device, :ip, now() + make_interval(secs => :lifetime_ms::float8 / 1000)
   FROM (
     SELECT id FROM users WHERE id = :user_id AND disabled_at IS NULL AND role = :role
       AND (:password_hash::text IS NULL OR password_hash = :password_hash) FOR SHARE
   ) u
   RETURNING id`,
});

// A spent token still gets its successor for 30 s.
const findTokens = statement({
  name: 'sessions_find_tokens',
  parameters: { id: 'uuid', ...MAX_AGES },
  columns: { ...TOKENS.columns, isSpentRecently: 'bool', isLive: 'bool', leftMs: 'float8' },
  text: `SELECT ${TOKENS.sql('s')}, coalesce(s.rotated_at > now() - interval '30 seconds', false) AS "isSpentRecently",
     ${IS_LIVE} AS "isLive", extract(epoch FROM ${ENDS_AT} - now())::float8 * 1000 AS "leftMs"
   FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = :id`,
});

export type StoredTokens = NonNullable<typeof findTokens.row>;

// One of any number of concurrent requests with the current token finds it current. The others change nothing, and
// judge the token again.
const rotate = statement({
  name: 'sessions_rotate',
  parameters: {
    id: 'uuid',
    current_hash: 'bytea',
    successor_hash: 'bytea',
    lifetime_ms: 'float8',
    device: 'text?',
    ip: 'text',
    ...MAX_AGES,
  },
  columns: { leftMs: 'float8' },
  text: `UPDATE sessions s SET refresh_token_hash = :successor_hash, spent_token_hash = :current_hash, rotated_at = now(), last_used_at = now(),
     expires_at = now() + make_interval(secs => lifetime.left_ms / 1000), device = coalesce(:device, s.device), ip = :ip
   FROM (
     SELECT current.id, least(:lifetime_ms::float8, ${MAX_AGE_MS} - extract(epoch FROM now() - current.created_at)::float8 * 1000) AS left_ms
     FROM sessions current JOIN users u ON u.id = current.user_id WHERE current.id = :id
   ) lifetime
   WHERE s.id = lifetime.id AND s.refresh_token_hash = :current_hash AND s.ended_at IS NULL AND s.expires_at > now() AND lifetime.left_ms > 0
   RETURNING lifetime.left_ms AS "leftMs"`,
});

const end = statement({
  name: 'sessions_end',
  parameters: { id: 'uuid', user_id: 'uuid', ...MAX_AGES },
  columns: { id: 'uuid' },
  text: `UPDATE sessions s SET ended_at = now(), expires_at = now() FROM users u
   WHERE u.id = s.user_id AND s.id = :id AND s.user_id = :user_id AND ${IS_LIVE} RETURNING s.id`,
});

const endAll = statement({
  name: 'sessions_end_all',
  parameters: { user_id: 'uuid', except_id: 'uuid?', ...MAX_AGES },
  columns: { id: 'uuid' },
  text: `UPDATE sessions s SET ended_at = now(), expires_at = now() FROM users u
   WHERE u.id = s.user_id AND s.user_id = :user_id AND (:except_id::uuid IS NULL OR s.id <> :except_id) AND ${IS_LIVE} RETURNING s.id`,
});

const list = statement({
  name: 'sessions_list',
  parameters: { user_id: 'uuid', after_created_at: 'timestamptz?', after_id: 'uuid?', limit: 'int8', ...MAX_AGES },
  columns: LISTED.columns,
  text: `SELECT ${LISTED.sql('s')} FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.user_id = :user_id AND ${IS_LIVE}
     AND (:after_created_at::timestamptz IS NULL OR (s.created_at, s.id) < (:after_created_at, :after_id::uuid))
   ORDER BY s.created_at DESC, s.id DESC LIMIT :limit`,
});

// The newest sessions are enough to recognise a client. The same statement runs whether or not there is an account.
const addresses = statement({
  name: 'sessions_addresses',
  parameters: { user_id: 'uuid?', mobile_numbers: 'text[]' },
  columns: { ip: 'text?' },
  text: `SELECT s.ip FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = :user_id OR u.mobile_number = ANY (:mobile_numbers)
   ORDER BY s.created_at DESC LIMIT 100`,
});

@Injectable()
export class SessionsRepository {
  private readonly maxAges: { readonly max_age_ms: number; readonly admin_max_age_ms: number };
  private readonly actors = new DataLoader<Pick<FoundActor, 'sessionId' | 'userId'>, FoundActor | null>(
    (sessions) => this.findActors(sessions),
    // Nothing is kept, so that every request reads what holds when it comes.
    { cache: false, maxBatchSize: ACTORS_AT_ONCE, batchScheduleFn: (read) => setImmediate(read) },
  );

  constructor(
    private readonly database: Database,
    @InjectConfig() { SESSION_MAX_AGE, ADMIN_SESSION_MAX_AGE }: Config,
  ) {
    this.maxAges = { max_age_ms: SESSION_MAX_AGE, admin_max_age_ms: Math.min(SESSION_MAX_AGE, ADMIN_SESSION_MAX_AGE) };
  }

  /** The time that a session of such a user may live, however often it is refreshed, in milliseconds. */
  maxAgeOf(role: Role): number {
    return role === 'admin' ? this.maxAges.admin_max_age_ms : this.maxAges.max_age_ms;
  }

  /** The addresses that an account was last used from. */
  async addressesOf({ userId = null, mobileNumbers = [] }: AccountName): Promise<string[]> {
    const rows = await this.database.run(addresses, { user_id: userId, mobile_numbers: mobileNumbers });
    return rows.flatMap(({ ip }) => ip ?? []);
  }

  /** The given sessions that are live, and whose users are not disabled. */
  async liveOf(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.run(findLive, { ids, ...this.maxAges });
    return new Set(rows.map(({ id }) => id));
  }

  /** The session of a user and the user, as they are after this call; those of one turn are read at once. */
  findActor(session: Pick<FoundActor, 'sessionId' | 'userId'>): Promise<FoundActor | null> {
    return this.actors.load(session);
  }

  /** @returns false when the account has changed since the sign-in was checked */
  async insert(session: NewSession, on: StatementRunner = this.database): Promise<boolean> {
    const { id, userId, role, refreshKey, refreshTokenHash, passwordHash = null, client, lifetimeMs } = session;
    const rows = await on.run(insert, {
      id,
      user_id: userId,
      refresh_key: refreshKey,
      refresh_token_hash: refreshTokenHash,
      device: client.device,
      ip: client.ip,
      lifetime_ms: lifetimeMs,
      password_hash: passwordHash,
      role,
    });
    return rows.length === 1;
  }

  async findTokens(id: string): Promise<StoredTokens | null> {
    return (await this.database.run(findTokens, { id, ...this.maxAges }))[0] ?? null;
  }

  /**
   * Replaces the current token by its successor.
   *
   * @returns the time that the session lives if it is not used, in milliseconds; null when `currentHash` is not, or no
   * longer, the current token of a live session
   */
  async rotate(
    id: string,
    {
      currentHash,
      successorHash,
      lifetimeMs,
    }: { readonly currentHash: Buffer; readonly successorHash: Buffer; readonly lifetimeMs: number },
    { device, ip }: Client,
  ): Promise<number | null> {
    const [row] = await this.database.run(rotate, {
      id,
      current_hash: currentHash,
      successor_hash: successorHash,
      lifetime_ms: lifetimeMs,
      device,
      ip,
      ...this.maxAges,
    });
    return row?.leftMs ?? null;
  }

  /** @returns false when the user has no such live session */
  async end({ id, userId }: Pick<SessionEntity, 'id' | 'userId'>): Promise<boolean> {
    return (await this.database.run(end, { id, user_id: userId, ...this.maxAges })).length === 1;
  }

  /** Ends all sessions of a user, except the one that is named. @returns the number of sessions that were live */
  async endAll({ userId, exceptId }: { userId: string; exceptId?: string }, on: StatementRunner = this.database): Promise<number> {
    return (await on.run(endAll, { user_id: userId, except_id: exceptId ?? null, ...this.maxAges })).length;
  }

  /** The live sessions of a user, newest first. */
  list(userId: string, { after, limit }: SessionPageRequest): Promise<ListedSession[]> {
    return this.database.run(list, {
      user_id: userId,
      after_created_at: after?.createdAt ?? null,
      after_id: after?.id ?? null,
      limit,
      ...this.maxAges,
    });
  }

  private async findActors(sessions: readonly Pick<FoundActor, 'sessionId' | 'userId'>[]): Promise<(FoundActor | null)[]> {
    const rows = await this.database.run(findActors, {
      ids: sessions.map(({ sessionId }) => sessionId),
      user_ids: sessions.map(({ userId }) => userId),
      ...this.maxAges,
    });
    return sessions.map(({ sessionId, userId }) => rows.find((row) => row.sessionId === sessionId && row.userId === userId) ?? null);
  }
}
