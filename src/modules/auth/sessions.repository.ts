import { Injectable } from '@nestjs/common';
import type { Plan, Role } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
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

const findLive = statement<{ id: string }>(
  'sessions_find_live',
  `SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
   WHERE s.id = ANY ($1::uuid[]) AND s.ended_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL`,
);

// Run for every request: reads by primary key in one round trip, plus what the caller's plan hangs on.
const findActor = statement<ActorRow>(
  'sessions_find_actor',
  `SELECT s.ended_at IS NULL AND s.expires_at > now() AS is_live, u.disabled_at IS NOT NULL AS is_disabled,
     u.verified_at IS NOT NULL AS is_verified, u.role, p.plan, u.list_version
   FROM sessions s JOIN users u ON u.id = s.user_id JOIN user_plans p ON p.user_id = u.id
   WHERE s.id = $1 AND s.user_id = $2`,
);

// Reads the account again: one that was disabled, erased or given another password since it was checked gets no session. FOR SHARE waits for
// whoever is changing that.
const insert = statement<{ id: string }>(
  'sessions_insert',
  `INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, device, ip, expires_at)
   SELECT $1, u.id, $3, $4, $5, $6, now() + make_interval(secs => $7::float8 / 1000)
   FROM (SELECT id FROM users WHERE id = $2 AND disabled_at IS NULL AND ($8::text IS NULL OR password_hash = $8) FOR SHARE) u
   RETURNING id`,
);

const findTokens = statement<StoredTokens>(
  'sessions_find_tokens',
  `SELECT user_id, refresh_key, refresh_token_hash, spent_token_hash, coalesce(rotated_at > now() - ${GRACE}, false) AS is_spent_recently,
     ended_at IS NULL AND expires_at > now() AS is_live
   FROM sessions WHERE id = $1`,
);

// Of any number of requests with the current token one finds it current; the others find nothing and judge again.
const rotate = statement<{ id: string }>(
  'sessions_rotate',
  `UPDATE sessions SET refresh_token_hash = $3, spent_token_hash = $2, rotated_at = now(), last_used_at = now(),
     expires_at = now() + make_interval(secs => $4::float8 / 1000), device = coalesce($5, device), ip = $6
   WHERE id = $1 AND refresh_token_hash = $2 AND ended_at IS NULL AND expires_at > now()
   RETURNING id`,
);

const LIVE = `ended_at IS NULL AND expires_at > now()`;
const END = `UPDATE sessions SET ended_at = now(), expires_at = now()`;

const end = statement<{ id: string }>('sessions_end', `${END} WHERE id = $1 AND user_id = $2 AND ${LIVE} RETURNING id`);

const endAll = statement<{ id: string }>(
  'sessions_end_all',
  `${END} WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2) AND ${LIVE} RETURNING id`,
);

const list = statement<SessionRow>(
  'sessions_list',
  `SELECT id, device, ip, created_at, last_used_at FROM sessions
   WHERE user_id = $1 AND ${LIVE} AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
   ORDER BY created_at DESC, id DESC LIMIT $4`,
);

// The newest sessions are enough to know somebody by; the same statement for an account and for none.
const addresses = statement<{ ip: string | null }>(
  'sessions_addresses',
  `SELECT s.ip FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = $1 OR u.mobile_number = ANY ($2::text[])
   ORDER BY s.created_at DESC LIMIT 100`,
);

@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  /** Where an account, named by its id or by the spellings of its number, was used from of late. */
  async addressesOf({ userId = null, mobileNumbers = [] }: AccountName): Promise<string[]> {
    const rows = await this.database.run(addresses, [userId, mobileNumbers]);
    return rows.flatMap(({ ip }) => ip ?? []);
  }

  /** Those of `sessionIds` that may still act. */
  async liveOf(sessionIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.run(findLive, [sessionIds]);
    return new Set(rows.map(({ id }) => id));
  }

  async findActor(sessionId: string, userId: string): Promise<ActorRow | null> {
    return (await this.database.run(findActor, [sessionId, userId]))[0] ?? null;
  }

  /**
   * @param passwordHash what the password was checked against; null for a sign-in without one
   * @returns false when the account is no longer as it was
   */
  async insert(session: NewSession, passwordHash: string | null, on: StatementRunner = this.database): Promise<boolean> {
    const { id, userId, refreshKey, refreshTokenHash, client, lifetimeMs } = session;
    const rows = await on.run(insert, [id, userId, refreshKey, refreshTokenHash, client.device, client.ip, lifetimeMs, passwordHash]);
    return rows.length === 1;
  }

  async findTokens(id: string): Promise<StoredTokens | null> {
    return (await this.database.run(findTokens, [id]))[0] ?? null;
  }

  /** @returns false when `from` is not the current token of a live session (any more) */
  async rotate(id: string, from: Buffer, to: Buffer, lifetimeMs: number, { device, ip }: Client): Promise<boolean> {
    return (await this.database.run(rotate, [id, from, to, lifetimeMs, device, ip])).length === 1;
  }

  /** @returns false when the user has no such live session */
  async end(id: string, userId: string): Promise<boolean> {
    return (await this.database.run(end, [id, userId])).length === 1;
  }

  /** @param exceptId the session that goes on; null to end all @returns how many were live */
  async endAll(userId: string, exceptId: string | null, on: StatementRunner = this.database): Promise<number> {
    return (await on.run(endAll, [userId, exceptId])).length;
  }

  /** Live ones, newest first. @param after the key of the last row of the page before */
  async list(userId: string, after: readonly string[] | null, limit: number): Promise<SessionRow[]> {
    return this.database.run(list, [userId, after?.[0] ?? null, after?.[1] ?? null, limit]);
  }
}
