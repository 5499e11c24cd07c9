import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { CustomerClosureEntity } from './customer-closure.entity.js';

const takeDue = statement({
  name: 'customer_closures_take_due',
  parameters: { limit: 'int8' },
  columns: { stripe_customer_id: 'text' },
  text: `UPDATE customer_closures SET due_at = now() + interval '30 seconds' WHERE stripe_customer_id IN (
     SELECT stripe_customer_id FROM customer_closures WHERE closed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :limit
     FOR UPDATE SKIP LOCKED
   ) RETURNING stripe_customer_id`,
});

const postpone = statement({
  name: 'customer_closures_postpone',
  parameters: { stripe_customer_id: 'text', error: 'text' },
  text: `UPDATE customer_closures SET attempts = attempts + 1, last_error = :error,
     due_at = now() + least(power(2, least(attempts, 12)) * interval '2 seconds', interval '1 hour')
   WHERE stripe_customer_id = :stripe_customer_id`,
});

// A closure in progress does not finish then: it may have read the payments before.
const reopen = statement({
  name: 'customer_closures_reopen',
  parameters: { stripe_customer_id: 'text' },
  columns: { stripe_customer_id: 'text' },
  text: `UPDATE customer_closures SET closed_at = NULL, due_at = now() WHERE stripe_customer_id = :stripe_customer_id
   RETURNING stripe_customer_id`,
});

const markReclaimed = statement({
  name: 'customer_closures_mark_reclaimed',
  parameters: { stripe_customer_ids: 'text[]' },
  text: `UPDATE customer_closures SET is_reclaimed = true WHERE stripe_customer_id = ANY (:stripe_customer_ids)`,
});

/** Customers that have to be deleted at Stripe, because no account here refers to them any more. */
@Injectable()
export class CustomerClosuresRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(CustomerClosureEntity) private readonly closures: Repository<CustomerClosureEntity>,
  ) {}

  /** Schedules the deletion of a customer. A repeat changes nothing. */
  async insert(stripeCustomerId: string): Promise<void> {
    await this.closures.createQueryBuilder().insert().values({ stripeCustomerId }).orIgnore().execute();
  }

  /** Has the running periods of customers given back, whose closures were inserted in the same transaction. */
  async markReclaimed(on: StatementRunner, stripeCustomerIds: readonly string[]): Promise<void> {
    await on.run(markReclaimed, { stripe_customer_ids: stripeCustomerIds });
  }

  /** Customers whose deletion is due. Each is due again in 30 seconds, in case the worker that deletes it dies. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, { limit })).map(({ stripe_customer_id }) => stripe_customer_id);
  }

  find(stripeCustomerId: string): Promise<CustomerClosureEntity | null> {
    return this.closures.findOneBy({ stripeCustomerId });
  }

  /** Has the payments of a customer looked at once more. @returns false for a customer that is not to be deleted */
  async reopen(stripeCustomerId: string): Promise<boolean> {
    return (await this.database.run(reopen, { stripe_customer_id: stripeCustomerId })).length === 1;
  }

  /** Changes nothing when the closure has become due again since it was read. */
  async finish({ stripeCustomerId, dueAt }: CustomerClosureEntity): Promise<void> {
    await this.closures.update({ stripeCustomerId, dueAt }, { closedAt: () => 'now()' });
  }

  /**
   * Stores the error of a failed attempt. The delay before the next one doubles, up to an hour; attempts never stop.
   */
  async postpone(stripeCustomerId: string, error: string): Promise<void> {
    await this.database.run(postpone, { stripe_customer_id: stripeCustomerId, error: error.slice(0, 500) });
  }
}
