import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, type Repository } from 'typeorm';
import { newId } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { RefundEntity, type RefundReason, type RefundStatus } from './refund.entity.js';

export interface RefundListOptions {
  /** Only refunds that were created before this one; null for the newest. */
  readonly after: { readonly at: string; readonly id: string } | null;
  /** Null for all. */
  readonly status: RefundStatus | null;
  readonly count: number;
}

// Due in a minute, because the caller makes the first attempt.
const owe = statement({
  name: 'refunds_owe',
  parameters: { id: 'uuid', payment_intent_id: 'text', stripe_customer_id: 'text', reason: typed<RefundReason>('text') },
  columns: { id: 'uuid' },
  text: `INSERT INTO refunds (id, payment_intent_id, stripe_customer_id, reason, due_at)
   VALUES (:id, :payment_intent_id, :stripe_customer_id, :reason, now() + interval '1 minute')
   ON CONFLICT (payment_intent_id) DO NOTHING RETURNING id`,
});

const takeDue = statement({
  name: 'refunds_take_due',
  parameters: { limit: 'int8' },
  columns: { id: 'uuid' },
  text: `UPDATE refunds SET due_at = now() + interval '1 minute' WHERE id IN (
     SELECT id FROM refunds WHERE settled_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
   ) RETURNING id`,
});

// An attempt that ran beside another one counts once: both had the same idempotency key.
const fail = statement({
  name: 'refunds_fail',
  parameters: { id: 'uuid', attempts: 'int4', error: 'text' },
  text: `UPDATE refunds SET status = 'owed', attempts = attempts + 1, stripe_refund_id = NULL, settled_at = NULL, last_error = :error,
     due_at = now() + least(power(2, least(attempts, 12)) * interval '1 minute', interval '1 day')
   WHERE id = :id AND attempts = :attempts`,
});

const wait = statement({
  name: 'refunds_wait',
  parameters: { id: 'uuid', attempts: 'int4', refund_id: 'text?', error: 'text?', seconds: 'float8' },
  text: `UPDATE refunds SET status = CASE WHEN :refund_id::text IS NULL THEN 'owed' ELSE 'pending' END, stripe_refund_id = :refund_id,
     last_error = :error, due_at = now() + make_interval(secs => :seconds)
   WHERE id = :id AND attempts = :attempts AND settled_at IS NULL`,
});

/** Payments that have to be given back. */
@Injectable()
export class RefundsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(RefundEntity) private readonly refunds: Repository<RefundEntity>,
  ) {}

  /** Stores that a payment has to be given back. @returns the id of the refund; null when it was stored before */
  async owe(refund: Pick<RefundEntity, 'paymentIntentId' | 'stripeCustomerId' | 'reason'>): Promise<string | null> {
    const { paymentIntentId, stripeCustomerId, reason } = refund;
    const row = { id: newId(), payment_intent_id: paymentIntentId, stripe_customer_id: stripeCustomerId, reason };
    return (await this.database.run(owe, row))[0]?.id ?? null;
  }

  find(id: string): Promise<RefundEntity | null> {
    return this.refunds.findOneBy({ id });
  }

  findByStripeId(stripeRefundId: string): Promise<RefundEntity | null> {
    return this.refunds.findOneBy({ stripeRefundId });
  }

  /** The refund that was created last comes first. */
  list({ after, status, count }: RefundListOptions): Promise<RefundEntity[]> {
    const query = this.refunds.createQueryBuilder('r').orderBy({ 'r.createdAt': 'DESC', 'r.id': 'DESC' }).limit(count);
    if (after) query.andWhere('(r.createdAt, r.id) < (:at, :id)', after);
    if (status !== null) query.andWhere('r.status = :status', { status });
    return query.getMany();
  }

  /** How many refunds of a customer are not settled. */
  countOwed(stripeCustomerId: string): Promise<number> {
    return this.refunds.countBy({ stripeCustomerId, settledAt: IsNull() });
  }

  /** Refunds whose next attempt is due. Each is due again in a minute, in case the worker that takes it dies. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, { limit })).map(({ id }) => id);
  }

  /** Changes nothing when the refund has failed since the attempt. */
  async settle({ id, attempts }: RefundEntity, status: 'refunded' | 'not_needed', stripeRefundId: string | null): Promise<void> {
    await this.refunds.update({ id, attempts }, { status, stripeRefundId, lastError: null, settledAt: () => 'now()' });
  }

  /** Stores a refusal or a failure, also of a refund that was settled. The delay doubles, up to a day. */
  async fail({ id, attempts }: RefundEntity, error: string): Promise<void> {
    await this.database.run(fail, { id, attempts, error: error.slice(0, 500) });
  }

  /** Postpones the next look at a refund that nobody has refused. */
  async wait(
    { id, attempts }: RefundEntity,
    next: { stripeRefundId: string | null; error: string | null; seconds: number },
  ): Promise<void> {
    const { stripeRefundId, error, seconds } = next;
    await this.database.run(wait, { id, attempts, refund_id: stripeRefundId, error: error?.slice(0, 500) ?? null, seconds });
  }
}
