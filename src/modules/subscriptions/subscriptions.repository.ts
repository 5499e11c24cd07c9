import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Not, type Repository } from 'typeorm';
import type { Plan } from '../../common/actor.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { ENDED_STATUSES, type OpenInvoice, type PaidPrice, type SubscriptionFacts } from './entitlement.js';
import { SubscriptionEntity } from './subscription.entity.js';

const SUBSCRIPTION = columnsOf(SubscriptionEntity, ['id', 'stripeSubscriptionId', 'status', 'entitledUntil', 'endsAt']);

export type StoredSubscription = RowOf<typeof SUBSCRIPTION.columns>;

const lockAll = statement({
  name: 'subscriptions_lock_all',
  parameters: { user_id: 'uuid' },
  columns: SUBSCRIPTION.columns,
  text: `SELECT ${SUBSCRIPTION.sql()} FROM subscriptions WHERE user_id = :user_id ORDER BY id FOR UPDATE`,
});

const upsert = statement({
  name: 'subscriptions_upsert',
  parameters: {
    id: 'uuid',
    user_id: 'uuid',
    stripe_subscription_id: 'text',
    status: 'text',
    entitled_until: 'timestamptz?',
    current_period_end: 'timestamptz',
    ends_at: 'timestamptz?',
    trial_end: 'timestamptz?',
    price: typed<PaidPrice | null>('jsonb'),
    open_invoice: typed<OpenInvoice | null>('jsonb'),
    started_at: 'timestamptz',
  },
  columns: SUBSCRIPTION.columns,
  text: `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at,
     trial_end, price, open_invoice, started_at)
   VALUES (:id, :user_id, :stripe_subscription_id, :status, :entitled_until, :current_period_end, :ends_at,
     :trial_end, :price, :open_invoice, :started_at)
   ON CONFLICT (stripe_subscription_id) DO UPDATE SET status = excluded.status, entitled_until = excluded.entitled_until,
     current_period_end = excluded.current_period_end, ends_at = excluded.ends_at, trial_end = excluded.trial_end,
     price = excluded.price, open_invoice = excluded.open_invoice, started_at = excluded.started_at, updated_at = now()
   RETURNING ${SUBSCRIPTION.sql()}`,
});

/** The order of a user's subscriptions by relevance: those that have not ended first, then the newest first. */
const ORDER = `status IN (${ENDED_STATUSES.map((status) => `'${status}'`).join(', ')}), started_at DESC, id DESC`;

/**
 * The end of a subscription's entitlement for people: that of the paid period while it lasts, without the time for
 * which the entitlement lasts while Stripe cannot be asked.
 */
const ACTIVE_UNTIL = `least(t.entitled_until, t.ends_at, CASE WHEN t.current_period_end > now() THEN t.current_period_end END)`;

const findStatus = statement({
  name: 'subscriptions_find_status',
  parameters: { user_id: 'uuid' },
  columns: {
    plan: typed<Plan>('text'),
    status: 'text?',
    ends_at: 'timestamptz?',
    trial_end: 'timestamptz?',
    price: typed<PaidPrice | null>('jsonb'),
    open_invoice: typed<OpenInvoice | null>('jsonb'),
    is_entitled: 'bool?',
    active_until: 'timestamptz?',
    used_today: 'int4',
    resets_at: 'timestamptz',
  },
  text: `SELECT p.plan, s.status, s.ends_at, s.trial_end, s.price, s.open_invoice, s.is_entitled, greatest(
            (SELECT max(${ACTIVE_UNTIL}) FROM subscriptions t WHERE t.user_id = p.user_id AND t.entitled_until > now()),
            (SELECT max(g.entitled_until) FROM grants g WHERE g.user_id = p.user_id AND g.entitled_until > now() AND g.revoked_at IS NULL)
          ) AS active_until,
          coalesce(d.messages, 0) AS used_today,
          (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC' AS resets_at
   FROM user_plans p
   LEFT JOIN LATERAL (
     SELECT status, ends_at, trial_end, price, open_invoice, coalesce(entitled_until > now(), false) AS is_entitled FROM subscriptions
     WHERE user_id = p.user_id ORDER BY ${ORDER} LIMIT 1
   ) s ON true
   LEFT JOIN usage_days d ON d.user_id = p.user_id AND d.day = (now() AT TIME ZONE 'UTC')::date
   WHERE p.user_id = :user_id`,
});

// Amounts are those of an average month. A row without a price was stored by an older release, and counts after its
// next sync.
const sumMonthly = statement({
  name: 'subscriptions_sum_monthly',
  columns: { currency: 'text', amount: 'int8' },
  text: `SELECT price->>'currency' AS currency, round(sum(
       coalesce(price->'discounted_amount', price->'amount')::numeric / ((price->'interval_count')::numeric
         * CASE price->>'interval' WHEN 'day' THEN 12 / 365.0 WHEN 'week' THEN 12 / 52.0 WHEN 'month' THEN 1 ELSE 12 END)
     ))::bigint AS amount
   FROM subscriptions WHERE status IN ('active', 'past_due') AND jsonb_typeof(price) = 'object' GROUP BY 1 ORDER BY 1`,
});

@Injectable()
export class SubscriptionsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(SubscriptionEntity) private readonly subscriptions: Repository<SubscriptionEntity>,
  ) {}

  async findStatus(userId: string) {
    return (await this.database.run(findStatus, { user_id: userId }))[0] ?? null;
  }

  /** What the active and past due subscriptions cost a month, by currency, in its smallest unit. */
  async sumMonthly(): Promise<{ readonly currency: string; readonly amount: number }[]> {
    return (await this.database.run(sumMonthly, {})).map(({ currency, amount }) => ({ currency, amount: Number(amount) }));
  }

  /** The newest subscription that has not ended. */
  findLive(userId: string): Promise<SubscriptionEntity | null> {
    return this.subscriptions.findOne({
      where: { userId, status: Not(In(ENDED_STATUSES)) },
      order: { startedAt: 'DESC', id: 'DESC' },
    });
  }

  /** The ids at Stripe of a user's subscriptions that have not ended. */
  async listLive(userId: string): Promise<string[]> {
    const live = await this.subscriptions.findBy({ userId, status: Not(In(ENDED_STATUSES)) });
    return live.map(({ stripeSubscriptionId }) => stripeSubscriptionId);
  }

  lockAll(on: StatementRunner, userId: string): Promise<StoredSubscription[]> {
    return on.run(lockAll, { user_id: userId });
  }

  async upsert(
    on: StatementRunner,
    subscription: { readonly id: string; readonly userId: string; readonly facts: SubscriptionFacts; readonly entitledUntil: Date | null },
  ): Promise<StoredSubscription> {
    const { id, userId, facts, entitledUntil } = subscription;
    const [row] = await on.run(upsert, {
      id,
      user_id: userId,
      stripe_subscription_id: facts.stripeSubscriptionId,
      status: facts.status,
      entitled_until: entitledUntil,
      current_period_end: facts.currentPeriodEnd,
      ends_at: facts.endsAt,
      trial_end: facts.trialEnd,
      price: facts.price,
      open_invoice: facts.openInvoice,
      started_at: facts.startedAt,
    });
    if (!row) throw new Error('the upsert of a subscription returned no row');
    return row;
  }

  async deleteAll({ manager }: Transaction, userId: string): Promise<void> {
    await manager.withRepository(this.subscriptions).delete({ userId });
  }

  /** Ends a subscription that the caller's transaction has locked. */
  async end(transaction: Transaction, subscription: StoredSubscription): Promise<StoredSubscription> {
    const ended = { status: 'canceled', entitledUntil: null };
    const subscriptions = transaction.manager.withRepository(this.subscriptions);
    const { affected } = await subscriptions.update({ id: subscription.id }, { ...ended, updatedAt: () => 'now()' });
    if (affected !== 1) throw new Error('a locked subscription was not updated');
    return { ...subscription, ...ended };
  }
}
