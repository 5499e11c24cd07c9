import { Injectable } from '@nestjs/common';
import type { Plan, Role } from '../../common/actor.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

interface ActorRow {
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
  readonly device: string | null;
  readonly ip: string | null;
  readonly lifetimeMs: number;
}

// Run for every request: three reads by primary key in one round trip, plus the rows of the caller's plan.
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

@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  async findActor(sessionId: string, userId: string): Promise<ActorRow | null> {
    return (await this.database.run(findActor, [sessionId, userId]))[0] ?? null;
  }

  /**
   * @param passwordHash what the password was checked against; null for a sign-in without one
   * @returns false when the account is no longer as it was
   */
  async insert(session: NewSession, passwordHash: string | null, on: StatementRunner = this.database): Promise<boolean> {
    const { id, userId, refreshKey, refreshTokenHash, device, ip, lifetimeMs } = session;
    const rows = await on.run(insert, [id, userId, refreshKey, refreshTokenHash, device, ip, lifetimeMs, passwordHash]);
    return rows.length === 1;
  }
}
