import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

export interface Checkout {
  readonly id: string;
  readonly success_url: string;
  readonly cancel_url: string;
  readonly stripe_session_id: string | null;
  readonly url: string | null;
  /** Its session is still being made, or the process that made it died a good while ago. */
  readonly is_stale: boolean;
}

const findOpen = statement<Checkout>(
  'checkouts_find_open',
  `SELECT id, success_url, cancel_url, stripe_session_id, url, stripe_session_id IS NULL AND created_at < now() - interval '1 minute' AS is_stale
   FROM checkouts WHERE user_id = $1 AND status = 'open'`,
);

const insert = statement<{ id: string }>(
  'checkouts_insert',
  `INSERT INTO checkouts (id, user_id, success_url, cancel_url) VALUES ($1, $2, $3, $4)
   ON CONFLICT (user_id) WHERE status = 'open' DO NOTHING RETURNING id`,
);

const setSession = statement<never>('checkouts_set_session', `UPDATE checkouts SET stripe_session_id = $2, url = $3 WHERE id = $1`);

const setUrl = statement<never>('checkouts_set_url', `UPDATE checkouts SET url = $2 WHERE id = $1 AND status = 'open'`);

const close = statement<never>('checkouts_close', `UPDATE checkouts SET status = $2, url = NULL WHERE id = $1 AND status = 'open'`);

@Injectable()
export class CheckoutsRepository {
  constructor(private readonly database: Database) {}

  async findOpen(userId: string): Promise<Checkout | null> {
    return (await this.database.run(findOpen, [userId]))[0] ?? null;
  }

  /** @returns false when the user has an open one */
  async insert(on: StatementRunner, checkout: { id: string; userId: string; successUrl: string; cancelUrl: string }): Promise<boolean> {
    const { id, userId, successUrl, cancelUrl } = checkout;
    return (await on.run(insert, [id, userId, successUrl, cancelUrl])).length === 1;
  }

  async setSession(on: StatementRunner, id: string, session: { id: string; url: string }): Promise<void> {
    await on.run(setSession, [id, session.id, session.url]);
  }

  async setUrl(id: string, url: string): Promise<void> {
    await this.database.run(setUrl, [id, url]);
  }

  async close(id: string, status: 'complete' | 'expired' | 'failed'): Promise<void> {
    await this.database.run(close, [id, status]);
  }
}
