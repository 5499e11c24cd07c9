import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, type Repository } from 'typeorm';
import type { Actor } from '../../common/actor.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import type { RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { FormerCustomerEntity } from './former-customer.entity.js';
import { StripeCustomerEntity } from './stripe-customer.entity.js';

const SYNC_RUN = { stripe_customer_id: 'text', run: 'int8', began_at: 'timestamptz' } as const;

/** A sync run that has begun. Its result is stored only while that of no later run is. */
export type SyncRun = RowOf<typeof SYNC_RUN>;

// It selects from users, so that an account that was erased meanwhile gets no row instead of a broken reference. FOR
// SHARE waits for the holder of the number who is reclaiming the account; a request that was let in before inserts
// nothing then. DO NOTHING names no constraint, because requests that insert the same row at once may conflict on
// either key.
const insert = statement({
  name: 'stripe_customers_insert',
  parameters: { user_id: 'uuid', stripe_customer_id: 'text', is_verified: 'bool' },
  text: `INSERT INTO stripe_customers (user_id, stripe_customer_id)
   SELECT id, :stripe_customer_id FROM users WHERE id = :user_id AND (:is_verified::boolean OR reclaimed_at IS NULL) FOR SHARE
   ON CONFLICT DO NOTHING`,
});

const release = statement({
  name: 'stripe_customers_release',
  parameters: { user_id: 'uuid' },
  columns: { stripe_customer_id: 'text' },
  text: `DELETE FROM stripe_customers WHERE user_id = :user_id RETURNING stripe_customer_id`,
});

const releaseFormer = statement({
  name: 'former_stripe_customers_release',
  parameters: { user_id: 'uuid' },
  columns: { stripe_customer_id: 'text' },
  text: `DELETE FROM former_stripe_customers WHERE user_id = :user_id RETURNING stripe_customer_id`,
});

// The next check is postponed at once: a sync run whose process dies is retried in a minute, and not by every sweep.
// The age is measured by the clock that `synced_at` is of.
const beginSyncRun = statement({
  name: 'stripe_customers_begin_sync_run',
  parameters: { user_id: 'uuid', max_age_ms: 'float8' },
  columns: SYNC_RUN,
  text: `UPDATE stripe_customers SET ticket = ticket + 1, check_at = now() + interval '1 minute'
   WHERE user_id = :user_id
     AND (synced_at IS NULL OR synced_at < clock_timestamp() - :max_age_ms * interval '1 millisecond')
   RETURNING stripe_customer_id, ticket AS run, clock_timestamp() AS began_at`,
});

// The row stays locked until the transaction ends, so that results are stored one after the other.
const finishSyncRun = statement({
  name: 'stripe_customers_finish_sync_run',
  parameters: { user_id: 'uuid', ...SYNC_RUN },
  columns: { user_id: 'uuid' },
  text: `UPDATE stripe_customers SET applied_ticket = :run, synced_at = :began_at
   WHERE user_id = :user_id AND stripe_customer_id = :stripe_customer_id AND applied_ticket < :run RETURNING user_id`,
});

// Customers whose runs failed together, because Stripe was away, are spread by a random part. A later run that
// succeeded has set the time already.
const retrySyncRun = statement({
  name: 'stripe_customers_retry_sync_run',
  parameters: { user_id: 'uuid', run: 'int8', longest_ms: 'float8' },
  text: `UPDATE stripe_customers SET failed_runs = failed_runs + 1,
     check_at = now() + least(power(2, least(failed_runs, 12)) * 2000, :longest_ms) * (0.75 + random() / 2) * interval '1 millisecond'
   WHERE user_id = :user_id AND applied_ticket <= :run`,
});

const checkBy = statement({
  name: 'stripe_customers_check_by',
  parameters: { user_id: 'uuid', latest: 'timestamptz' },
  text: `UPDATE stripe_customers SET check_at = least(check_at, :latest) WHERE user_id = :user_id`,
});

const takeDue = statement({
  name: 'stripe_customers_take_due',
  parameters: { limit: 'int8' },
  columns: { user_id: 'uuid' },
  text: `UPDATE stripe_customers SET check_at = now() + interval '1 minute' WHERE user_id IN (
     SELECT user_id FROM stripe_customers WHERE check_at <= now() ORDER BY check_at LIMIT :limit FOR UPDATE SKIP LOCKED
   ) RETURNING user_id`,
});

@Injectable()
export class CustomersRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(StripeCustomerEntity) private readonly customers: Repository<StripeCustomerEntity>,
    @InjectRepository(FormerCustomerEntity) private readonly former: Repository<FormerCustomerEntity>,
  ) {}

  /** The id of the user's customer at Stripe; null for a user who never opened a payment page. */
  async findId(userId: string): Promise<string | null> {
    return (await this.customers.findOneBy({ userId }))?.stripeCustomerId ?? null;
  }

  /**
   * The row of the user who has the customer, or had it before another one; null for a customer that belongs to no
   * account here.
   */
  async findByStripeId(stripeCustomerId: string): Promise<StripeCustomerEntity | null> {
    const current = await this.customers.findOneBy({ stripeCustomerId });
    if (current) return current;
    const former = await this.former.findOneBy({ stripeCustomerId });
    return former && this.customers.findOneBy({ userId: former.userId });
  }

  /** The ids of a user's former customers that may still be charged. */
  async listFormer(userId: string): Promise<string[]> {
    return (await this.former.findBy({ userId, goneAt: IsNull() })).map(({ stripeCustomerId }) => stripeCustomerId);
  }

  /** Keeps former customers, which Stripe has deleted, from being asked about again. */
  async setGone({ manager }: Transaction, stripeCustomerIds: readonly string[]): Promise<void> {
    await manager.withRepository(this.former).update({ stripeCustomerId: In(stripeCustomerIds) }, { goneAt: () => 'now()' });
  }

  /**
   * @returns the customer that the user has now, which another request may have stored; null when the account is gone
   * or was reclaimed since the request began
   */
  async insert(
    transaction: Transaction,
    { userId, isVerified }: Pick<Actor, 'userId' | 'isVerified'>,
    stripeCustomerId: string,
  ): Promise<string | null> {
    await transaction.run(insert, { user_id: userId, stripe_customer_id: stripeCustomerId, is_verified: isVerified });
    const stored = await transaction.manager.withRepository(this.customers).findOneBy({ userId });
    return stored?.stripeCustomerId ?? null;
  }

  /**
   * Replaces a customer that Stripe has deleted, which is kept as a former one. Changes nothing when the user's
   * customer is no longer `before`.
   */
  async replace({ manager }: Transaction, userId: string, { before, after }: { before: string; after: string }): Promise<void> {
    await manager.withRepository(this.customers).update({ userId, stripeCustomerId: before }, { stripeCustomerId: after });
  }

  /**
   * Takes the customers off an account. Triggers insert their closures.
   *
   * @returns their ids
   */
  async release(on: StatementRunner, userId: string): Promise<string[]> {
    const current = await on.run(release, { user_id: userId });
    const former = await on.run(releaseFormer, { user_id: userId });
    return [...current, ...former].map(({ stripe_customer_id }) => stripe_customer_id);
  }

  /** @returns null for a user without a customer, and when a stored sync run began at most `maxAgeMs` ago */
  async beginSyncRun(userId: string, maxAgeMs: number): Promise<SyncRun | null> {
    return (await this.database.run(beginSyncRun, { user_id: userId, max_age_ms: maxAgeMs }))[0] ?? null;
  }

  /**
   * @returns false when the result must not be stored: that of a later sync run is stored already, or the user has
   * another customer now
   */
  async finishSyncRun(on: StatementRunner, userId: string, run: SyncRun): Promise<boolean> {
    return (await on.run(finishSyncRun, { user_id: userId, ...run })).length === 1;
  }

  /** Schedules the next sync run after one whose result is complete. */
  async setCheckAt(transaction: Transaction, userId: string, checkAt: Date | null): Promise<void> {
    await transaction.manager.withRepository(this.customers).update({ userId }, { checkAt, failedRuns: 0 });
  }

  /**
   * Schedules the next sync run after one that failed or whose result is incomplete. The delay doubles with each one,
   * up to `longestMs`; runs never stop.
   */
  async retrySyncRun(on: StatementRunner, userId: string, { run }: SyncRun, longestMs: number): Promise<void> {
    await on.run(retrySyncRun, { user_id: userId, run, longest_ms: longestMs });
  }

  /** Moves the next scheduled sync run to `latest`, unless it is earlier already. */
  async checkBy(on: StatementRunner, userId: string, latest: Date): Promise<void> {
    await on.run(checkBy, { user_id: userId, latest });
  }

  /** Users whose scheduled sync run is due. Each is due again in a minute, unless a sync run sets another time. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, { limit })).map(({ user_id }) => user_id);
  }
}
