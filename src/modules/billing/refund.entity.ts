import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** Why a payment is given back. */
export type RefundReason = 'duplicate' | 'account_closed' | 'account_reclaimed';

/**
 * `owed`: Stripe has not accepted it yet, or the payment has not arrived yet. `pending`: the bank has not decided.
 * `not_needed`: the payment never arrived, or the bank took it back.
 */
export type RefundStatus = 'owed' | 'pending' | 'refunded' | 'not_needed';

/** A payment that has to be given back in full. It outlasts the account of the payer. */
@Entity('refunds')
@Check('ck_refunds_reason', `reason IN ('duplicate', 'account_closed', 'account_reclaimed')`)
@Check('ck_refunds_status', `status IN ('owed', 'pending', 'refunded', 'not_needed')`)
@Check('ck_refunds_settled', `(settled_at IS NULL) = (status IN ('owed', 'pending'))`)
@Check('ck_refunds_attempts', `attempts >= 0`)
@Unique('uq_refunds_payment_intent', ['paymentIntentId'])
@Index('ix_refunds_created_at', ['createdAt', 'id'])
export class RefundEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_refunds' })
  id!: string;

  @Column({ name: 'payment_intent_id', type: 'text' })
  paymentIntentId!: string;

  @Index('ix_refunds_customer')
  @Column({ name: 'stripe_customer_id', type: 'text' })
  stripeCustomerId!: string;

  @Column({ type: 'text' })
  reason!: RefundReason;

  @Column({ type: 'text', default: 'owed' })
  status!: RefundStatus;

  /**
   * Refunds that Stripe refused, or that failed later. The idempotency key of the next one is made of it, because
   * Stripe repeats a refusal under its key.
   */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Index('ix_refunds_stripe_refund')
  @Column({ name: 'stripe_refund_id', type: 'text', nullable: true })
  stripeRefundId!: string | null;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;

  @Index('ix_refunds_due_at', { where: 'settled_at IS NULL' })
  @Column({ name: 'due_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  dueAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Index('ix_refunds_settled_at')
  @Column({ name: 'settled_at', type: 'timestamptz', precision: 3, nullable: true })
  settledAt!: Date | null;
}
