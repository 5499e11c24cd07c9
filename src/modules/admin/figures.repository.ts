import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

export interface UserFigures {
  readonly total: number;
  readonly verified: number;
  readonly disabled: number;
  readonly administrators: number;
  readonly pro: number;
  /** Signed up in the period. */
  readonly new: number;
}

export interface ActiveUsers {
  /** UTC. */
  readonly day: string;
  readonly users: number;
}

// Each count reads an index of its own and none of the rows.
const users = statement<UserFigures>(
  'figures_users',
  `WITH everybody AS MATERIALIZED (SELECT count(*)::integer AS total FROM users)
   SELECT total, total - (SELECT count(*)::integer FROM users WHERE verified_at IS NULL) AS verified,
     (SELECT count(*)::integer FROM users WHERE disabled_at IS NOT NULL) AS disabled,
     (SELECT count(*)::integer FROM users WHERE role = 'admin') AS administrators,
     (SELECT count(*)::integer FROM (
        SELECT user_id FROM subscriptions WHERE entitled_until > now()
        UNION SELECT user_id FROM grants WHERE entitled_until > now() AND revoked_at IS NULL
      ) entitled) AS pro,
     (SELECT count(*)::integer FROM users WHERE created_at >= $1 AND created_at < $2) AS new
   FROM everybody`,
);

const subscriptions = statement<{ status: string; count: number }>(
  'figures_subscriptions',
  `SELECT status, count(*)::integer AS count FROM subscriptions GROUP BY status ORDER BY status`,
);

const grants = statement<{ count: number }>(
  'figures_grants',
  `SELECT count(*)::integer AS count FROM grants WHERE entitled_until > now() AND revoked_at IS NULL`,
);

/** After a day's end a message that was sent before may still be on its way into the database for so long. */
const SETTLED = `interval '1 day 1 hour'`;

// A day that is over is counted by whoever asks first, and kept.
const keepActive = statement<never>(
  'figures_keep_active_users',
  `INSERT INTO active_user_days (day, users)
   SELECT days.day, (SELECT count(*) FROM usage_days u WHERE u.day = days.day)
   FROM (SELECT d::date AS day FROM generate_series($1::date, $2::date, interval '1 day') d) days
   WHERE (days.day + ${SETTLED}) AT TIME ZONE 'UTC' < now() AND NOT EXISTS (SELECT 1 FROM active_user_days k WHERE k.day = days.day)
   ON CONFLICT ON CONSTRAINT pk_active_user_days DO NOTHING`,
);

const readActive = statement<ActiveUsers>(
  'figures_active_users',
  `SELECT to_char(d, 'YYYY-MM-DD') AS day,
     coalesce(k.users, (SELECT count(*)::integer FROM usage_days u WHERE u.day = d::date)) AS users
   FROM generate_series($1::date, $2::date, interval '1 day') d LEFT JOIN active_user_days k ON k.day = d::date ORDER BY d`,
);

/** What can be counted without looking at a message. */
@Injectable()
export class FiguresRepository {
  constructor(private readonly database: Database) {}

  async users(from: Date, to: Date): Promise<UserFigures> {
    const [row] = await this.database.run(users, [from, to]);
    if (!row) throw new Error('figures_users answers one row');
    return row;
  }

  /** Subscriptions at Stripe, by Stripe's word. */
  subscriptions(): Promise<{ status: string; count: number }[]> {
    return this.database.run(subscriptions, []);
  }

  async liveGrants(): Promise<number> {
    return (await this.database.run(grants, []))[0]?.count ?? 0;
  }

  /** Users who had a message accepted, for each UTC day from the first to the last, both included. */
  async activeUsers(first: string, last: string): Promise<ActiveUsers[]> {
    await this.database.run(keepActive, [first, last]);
    return this.database.run(readActive, [first, last]);
  }
}
