import { Injectable } from '@nestjs/common';
import type { Plan, Role } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

export interface ActorRow {
  readonly is_live: boolean;
  readonly is_disabled: boolean;
  readonly is_verified: boolean;
  readonly role: Role;
  readonly plan: Plan;
  readonly list_version: string;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  /** What the user was when the sign-in was judged. */
  readonly role: Role;
  readonly refreshKey: Buffer;
  readonly refreshTokenHash: Buffer;
  readonly client: Client;
  readonly lifetimeMs: number;
}

export interface StoredTokens {
  readonly user_id: string;
  readonly refresh_key: Buffer;
  readonly refresh_token_hash: Buffer;
  readonly spent_token_hash: Buffer | null;
  readonly is_spent_recently: boolean;
  readonly is_live: boolean;
  /** How long the session lives if it is not used, in milliseconds. */
  readonly left_ms: number;
}

export interface SessionRow {
  readonly id: string;
  readonly device: string | null;
  readonly ip: string | null;
  readonly created_at: Date;
  readonly last_used_at: Date;
}

/** An account as a caller may name it, whether or not there is one. */
export interface AccountName {
  readonly userId?: string | null;
  readonly mobileNumbers?: readonly string[];
}

/** How long a spent token still gets its successor. */
const GRACE = `interval '30 seconds'`;

/** The greatest age of a session in milliseconds, by the role of its user, as two parameters: from `first` on, users' and administrators'. */
const maxAge = (role: string, first: number) => `CASE ${role} WHEN 'admin' THEN $${first + 1}::float8 ELSE $${first}::float8 END`;

const ROLE = `(SELECT u.role FROM users u WHERE u.id = s.user_id)`;

/** When a session ends at the latest. What is stored may be later: the setting was another one then, or the process of an earlier release. */
const endsAt = (role: string, first: number) => `least(s.expires_at, s.created_at + make_interval(secs => ${maxAge(role, first)} / 1000))`;

const isLive = (role: string, first: number) => `s.ended_at IS NULL AND ${endsAt(role, first)} > now()`;

const findLive = statement<{ id: string }>(
  'sessions_find_live',
  `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = ANY ($1::uuid[]) AND ${isLive('u.role', 2)} AND u.disabled_at IS NULL`,
);

// Run for every request: reads by primary key in one round trip, plus what the caller's plan hangs on.
const findActor = statement<ActorRow>(
  'sessions_find_actor',
  `SELECT ${isLive('u.role', 3)} AS is_live, u.disabled_at IS NOT NULL AS is_disabled,
     u.verified_at IS NOT NULL AS is_verified, u.role, p.plan, u.list_version
   FROM sessions s JOIN users u ON u.id = s.user_id JOIN user_plans p ON p.user_id = u.id
   WHERE s.id = $1 AND s.user_id = $2`,
);

// Reads the account again: one that was disabled, erased or given another password or role since it was checked gets no session. FOR SHARE waits
// for whoever is changing that.
const insert = statement<{ id: string }>(
  'sessions_insert',
  `INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, device, ip, expires_at)
   SELECT $1, u.id, $3, $4, $5, $6, now() + make_interval(secs => $7::float8 / 1000)
   FROM (SELECT id FROM users WHERE id = $2 AND disabled_at IS NULL AND ($8::text IS NULL OR password_hash = $8) AND role = $9 FOR SHARE) u
   RETURNING id`,
);

const findTokens = statement<StoredTokens>(
  'sessions_find_tokens',
  `SELECT s.user_id, s.refresh_key, s.refresh_token_hash, s.spent_token_hash, coalesce(s.rotated_at > now() - ${GRACE}, false) AS is_spent_recently,
     ${isLive(ROLE, 2)} AS is_live, extract(epoch FROM ${endsAt(ROLE, 2)} - now())::float8 * 1000 AS left_ms
   FROM sessions s WHERE s.id = $1`,
);

// Of any number of requests with the current token one finds it current; the others find nothing and judge again.
const rotate = statement<{ left_ms: number }>(
  'sessions_rotate',
  `UPDATE sessions s SET refresh_token_hash = $3, spent_token_hash = $2, rotated_at = now(), last_used_at = now(),
     expires_at = now() + make_interval(secs => lifetime.left_ms / 1000), device = coalesce($5, s.device), ip = $6
   FROM (
     SELECT of.id, least($4::float8, ${maxAge('u.role', 7)} - extract(epoch FROM now() - of.created_at)::float8 * 1000) AS left_ms
     FROM sessions of JOIN users u ON u.id = of.user_id WHERE of.id = $1
   ) lifetime
   WHERE s.id = lifetime.id AND s.refresh_token_hash = $2 AND s.ended_at IS NULL AND s.expires_at > now() AND lifetime.left_ms > 0
   RETURNING lifetime.left_ms`,
);

const END = `UPDATE sessions s SET ended_at = now(), expires_at = now()`;

const end = statement<{ id: string }>('sessions_end', `${END} WHERE s.id = $1 AND s.user_id = $2 AND ${isLive(ROLE, 3)} RETURNING s.id`);

const endAll = statement<{ id: string }>(
  'sessions_end_all',
  `${END} WHERE s.user_id = $1 AND ($2::uuid IS NULL OR s.id <> $2) AND ${isLive(ROLE, 3)} RETURNING s.id`,
);

const list = statement<SessionRow>(
  'sessions_list',
  `SELECT s.id, s.device, s.ip, s.created_at, s.last_used_at FROM sessions s
   WHERE s.user_id = $1 AND ${isLive(ROLE, 5)} AND ($2::timestamptz IS NULL OR (s.created_at, s.id) < ($2, $3::uuid))
   ORDER BY s.created_at DESC, s.id DESC LIMIT $4`,
);

// The newest sessions are enough to know somebody by; the same statement for an account and for none.
const addresses = statement<{ ip: string | null }>(
  'sessions_addresses',
  `SELECT s.ip FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = $1 OR u.mobile_number = ANY ($2::text[])
   ORDER BY s.created_at DESC LIMIT 100`,
);

@Injectable()
export class SessionsRepository {
  /** Of users and of administrators, in milliseconds. */
  private readonly maxAges: readonly [number, number];

  constructor(
    private readonly database: Database,
    @InjectConfig() { SESSION_MAX_AGE, ADMIN_SESSION_MAX_AGE }: Config,
  ) {
    this.maxAges = [SESSION_MAX_AGE, Math.min(SESSION_MAX_AGE, ADMIN_SESSION_MAX_AGE)];
  }

  /** How long a session of such a user may live, however often it is refreshed; in milliseconds. */
  maxAgeOf(role: Role): number {
    return this.maxAges[role === 'admin' ? 1 : 0];
  }

  /** Where an account, named by its id or by the spellings of its number, was used from of late. */
  async addressesOf({ userId = null, mobileNumbers = [] }: AccountName): Promise<string[]> {
    const rows = await this.database.run(addresses, [userId, mobileNumbers]);
    return rows.flatMap(({ ip }) => ip ?? []);
  }

  /** Those of `sessionIds` that may still act. */
  async liveOf(sessionIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.run(findLive, [sessionIds, ...this.maxAges]);
    return new Set(rows.map(({ id }) => id));
  }

  async findActor(sessionId: string, userId: string): Promise<ActorRow | null> {
    return (await this.database.run(findActor, [sessionId, userId, ...this.maxAges]))[0] ?? null;
  }

  /**
   * @param passwordHash what the password was checked against; null for a sign-in without one
   * @returns false when the account is no longer as it was
   */
  async insert(session: NewSession, passwordHash: string | null, on: StatementRunner = this.database): Promise<boolean> {
    const { id, userId, role, refreshKey, refreshTokenHash, client, lifetimeMs } = session;
    const { device, ip } = client;
    const rows = await on.run(insert, [id, userId, refreshKey, refreshTokenHash, device, ip, lifetimeMs, passwordHash, role]);
    return rows.length === 1;
  }

  async findTokens(id: string): Promise<StoredTokens | null> {
    return (await this.database.run(findTokens, [id, ...this.maxAges]))[0] ?? null;
  }

  /** @returns how long the session lives if it is not used, in milliseconds; null when `from` is not the current token of a live one (any more) */
  async rotate(id: string, from: Buffer, to: Buffer, lifetimeMs: number, { device, ip }: Client): Promise<number | null> {
    return (await this.database.run(rotate, [id, from, to, lifetimeMs, device, ip, ...this.maxAges]))[0]?.left_ms ?? null;
  }

  /** @returns false when the user has no such live session */
  async end(id: string, userId: string): Promise<boolean> {
    return (await this.database.run(end, [id, userId, ...this.maxAges])).length === 1;
  }

  /** @param exceptId the session that goes on; null to end all @returns how many were live */
  async endAll(userId: string, exceptId: string | null, on: StatementRunner = this.database): Promise<number> {
    return (await on.run(endAll, [userId, exceptId, ...this.maxAges])).length;
  }

  /** Live ones, newest first. @param after the key of the last row of the page before */
  async list(userId: string, after: readonly string[] | null, limit: number): Promise<SessionRow[]> {
    return this.database.run(list, [userId, after?.[0] ?? null, after?.[1] ?? null, limit, ...this.maxAges]);
  }
}
