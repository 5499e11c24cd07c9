import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { SubscriptionFacts } from './entitlement.js';

export interface StoredSubscription {
  readonly id: string;
  readonly stripe_subscription_id: string;
  readonly status: string;
  readonly entitled_until: Date | null;
  readonly current_period_end: Date | null;
  readonly ends_at: Date | null;
}

interface StatusRow {
  readonly plan: Plan;
  readonly status: string | null;
  readonly ends_at: Date | null;
  readonly active_until: Date | null;
  readonly used_today: number;
  readonly resets_at: Date;
}

const COLUMNS = 'id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at';

/** The one that counts first: one that is not over, then the newest. */
const ORDER = `status IN ('canceled', 'incomplete_expired'), started_at DESC, id DESC`;

const findAll = statement<StoredSubscription>(
  'subscriptions_find_all',
  `SELECT ${COLUMNS} FROM subscriptions WHERE user_id = $1 ORDER BY ${ORDER}`,
);

const lockAll = statement<StoredSubscription>(
  'subscriptions_lock_all',
  `SELECT ${COLUMNS} FROM subscriptions WHERE user_id = $1 ORDER BY id FOR UPDATE`,
);

const upsert = statement<StoredSubscription>(
  'subscriptions_upsert',
  `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at, started_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (stripe_subscription_id) DO UPDATE SET status = excluded.status, entitled_until = excluded.entitled_until,
     current_period_end = excluded.current_period_end, ends_at = excluded.ends_at, started_at = excluded.started_at, updated_at = now()
   RETURNING ${COLUMNS}`,
);

const end = statement<StoredSubscription>(
  'subscriptions_end',
  `UPDATE subscriptions SET status = 'canceled', entitled_until = NULL, updated_at = now() WHERE id = $1 RETURNING ${COLUMNS}`,
);

// What is shown as the end is the end of what is paid for; the leeway of a renewal is not part of it.
const findStatus = statement<StatusRow>(
  'subscriptions_find_status',
  `SELECT p.plan, s.status, s.ends_at, greatest(
            (SELECT max(least(t.entitled_until, t.current_period_end, t.ends_at)) FROM subscriptions t
             WHERE t.user_id = p.user_id AND t.entitled_until > now()),
            (SELECT max(g.entitled_until) FROM grants g WHERE g.user_id = p.user_id AND g.entitled_until > now() AND g.revoked_at IS NULL)
          ) AS active_until,
          coalesce(d.messages, 0) AS used_today,
          (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC' AS resets_at
   FROM user_plans p
   LEFT JOIN LATERAL (SELECT status, ends_at FROM subscriptions WHERE user_id = p.user_id ORDER BY ${ORDER} LIMIT 1) s ON true
   LEFT JOIN usage_days d ON d.user_id = p.user_id AND d.day = (now() AT TIME ZONE 'UTC')::date
   WHERE p.user_id = $1`,
);

@Injectable()
export class SubscriptionsRepository {
  constructor(private readonly database: Database) {}

  async findStatus(userId: string): Promise<StatusRow | null> {
    return (await this.database.run(findStatus, [userId]))[0] ?? null;
  }

  /** The one that counts first. */
  findAll(userId: string): Promise<StoredSubscription[]> {
    return this.database.run(findAll, [userId]);
  }

  lockAll(on: StatementRunner, userId: string): Promise<StoredSubscription[]> {
    return on.run(lockAll, [userId]);
  }

  async upsert(
    on: StatementRunner,
    id: string,
    userId: string,
    facts: SubscriptionFacts,
    entitledUntil: Date | null,
  ): Promise<StoredSubscription> {
    const { stripeSubscriptionId, status, currentPeriodEnd, endsAt, startedAt } = facts;
    const values = [id, userId, stripeSubscriptionId, status, entitledUntil, currentPeriodEnd, endsAt, startedAt];
    return only(await on.run(upsert, values));
  }

  async end(on: StatementRunner, id: string): Promise<StoredSubscription> {
    return only(await on.run(end, [id]));
  }
}

function only(rows: readonly StoredSubscription[]): StoredSubscription {
  const [row] = rows;
  if (!row) throw new Error('a subscription that is written is there');
  return row;
}
