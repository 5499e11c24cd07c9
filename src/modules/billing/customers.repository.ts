import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

/** A look at Stripe that has begun: what it finds is worth writing only while no later one was written. */
export interface Look {
  readonly stripe_customer_id: string;
  readonly ticket: string;
  readonly began_at: Date;
}

const find = statement<{ stripe_customer_id: string }>(
  'stripe_customers_find',
  `SELECT stripe_customer_id FROM stripe_customers WHERE user_id = $1`,
);

const findUser = statement<{ user_id: string; synced_at: Date | null }>(
  'stripe_customers_find_user',
  `SELECT user_id, synced_at FROM stripe_customers WHERE stripe_customer_id = $1`,
);

// From users, so that an account that was erased meanwhile gets no row instead of a broken reference. On any conflict: those who insert the same at
// once may meet at either key, and naming one would let the other fail.
const insert = statement<never>(
  'stripe_customers_insert',
  `INSERT INTO stripe_customers (user_id, stripe_customer_id) SELECT id, $2 FROM users WHERE id = $1 ON CONFLICT DO NOTHING`,
);

const replace = statement<never>(
  'stripe_customers_replace',
  `UPDATE stripe_customers SET stripe_customer_id = $3 WHERE user_id = $1 AND stripe_customer_id = $2`,
);

// The next check is put off at once: a look that fails is tried again in a minute, not with every sweep.
const beginLook = statement<Look>(
  'stripe_customers_begin_look',
  `UPDATE stripe_customers SET ticket = ticket + 1, check_at = now() + interval '1 minute' WHERE user_id = $1
   RETURNING stripe_customer_id, ticket, clock_timestamp() AS began_at`,
);

// The row stays locked to the end of the transaction: findings are written one after the other.
const finishLook = statement<{ user_id: string }>(
  'stripe_customers_finish_look',
  `UPDATE stripe_customers SET applied_ticket = $3, synced_at = $4
   WHERE user_id = $1 AND stripe_customer_id = $2 AND applied_ticket < $3 RETURNING user_id`,
);

const setCheckAt = statement<never>('stripe_customers_set_check_at', `UPDATE stripe_customers SET check_at = $2 WHERE user_id = $1`);

const checkBy = statement<never>(
  'stripe_customers_check_by',
  `UPDATE stripe_customers SET check_at = least(check_at, $2) WHERE user_id = $1`,
);

const takeDue = statement<{ user_id: string }>(
  'stripe_customers_take_due',
  `UPDATE stripe_customers SET check_at = now() + interval '1 minute' WHERE user_id IN (
     SELECT user_id FROM stripe_customers WHERE check_at <= now() ORDER BY check_at LIMIT $1 FOR UPDATE SKIP LOCKED
   ) RETURNING user_id`,
);

const close = statement<never>(
  'customer_closures_insert',
  `INSERT INTO customer_closures (stripe_customer_id) VALUES ($1) ON CONFLICT DO NOTHING`,
);

const takeDueClosures = statement<{ stripe_customer_id: string }>(
  'customer_closures_take_due',
  `UPDATE customer_closures SET due_at = now() + interval '30 seconds' WHERE stripe_customer_id IN (
     SELECT stripe_customer_id FROM customer_closures WHERE closed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
   ) RETURNING stripe_customer_id`,
);

const closed = statement<never>('customer_closures_finish', `UPDATE customer_closures SET closed_at = now() WHERE stripe_customer_id = $1`);

const postponeClosure = statement<never>(
  'customer_closures_postpone',
  `UPDATE customer_closures SET attempts = attempts + 1, last_error = $2,
     due_at = now() + least(power(2, least(attempts, 12)) * interval '2 seconds', interval '1 hour')
   WHERE stripe_customer_id = $1`,
);

@Injectable()
export class CustomersRepository {
  constructor(private readonly database: Database) {}

  /** The user's customer at Stripe; null for somebody who never came near a payment. */
  async find(userId: string): Promise<string | null> {
    return (await this.database.run(find, [userId]))[0]?.stripe_customer_id ?? null;
  }

  /** Whose customer it is, and when the newest look that counts began; null for one that is not ours. */
  async findUser(stripeCustomerId: string): Promise<{ user_id: string; synced_at: Date | null } | null> {
    return (await this.database.run(findUser, [stripeCustomerId]))[0] ?? null;
  }

  /** @returns the customer that the user has now, which may be another request's; null when the account is gone */
  async insert(userId: string, stripeCustomerId: string): Promise<string | null> {
    await this.database.run(insert, [userId, stripeCustomerId]);
    return this.find(userId);
  }

  async replace(userId: string, before: string, after: string): Promise<void> {
    await this.database.run(replace, [userId, before, after]);
  }

  /** Null for a user without a customer. */
  async beginLook(userId: string): Promise<Look | null> {
    return (await this.database.run(beginLook, [userId]))[0] ?? null;
  }

  /** @returns false when a later look was written already, or the user has another customer now: nothing must be written */
  async finishLook(on: StatementRunner, userId: string, { stripe_customer_id, ticket, began_at }: Look): Promise<boolean> {
    return (await on.run(finishLook, [userId, stripe_customer_id, ticket, began_at])).length === 1;
  }

  async setCheckAt(on: StatementRunner, userId: string, checkAt: Date | null): Promise<void> {
    await on.run(setCheckAt, [userId, checkAt]);
  }

  /** Has the user's state looked at by then at the latest. */
  async checkBy(on: StatementRunner, userId: string, latest: Date): Promise<void> {
    await on.run(checkBy, [userId, latest]);
  }

  /** Users whose state at Stripe is to be looked at now; each is due again in a minute, unless a look sets another time. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, [limit])).map(({ user_id }) => user_id);
  }

  /** Has a customer ended at Stripe whom no account here refers to. */
  async close(stripeCustomerId: string): Promise<void> {
    await this.database.run(close, [stripeCustomerId]);
  }

  async takeDueClosures(limit: number): Promise<string[]> {
    return (await this.database.run(takeDueClosures, [limit])).map(({ stripe_customer_id }) => stripe_customer_id);
  }

  async finishClosure(stripeCustomerId: string): Promise<void> {
    await this.database.run(closed, [stripeCustomerId]);
  }

  /** The next try comes later each time, up to an hour, and never stops. */
  async postponeClosure(stripeCustomerId: string, reason: string): Promise<void> {
    await this.database.run(postponeClosure, [stripeCustomerId, reason.slice(0, 500)]);
  }
}
