import type { OpenInvoice, PaidPrice } from './entitlement.js';
import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A subscription at Stripe. */
@Entity('subscriptions')
@Unique('uq_subscriptions_stripe_subscription', ['stripeSubscriptionId'])
@Index('ix_subscriptions_created_at', ['createdAt', 'id'])
@Index('ix_subscriptions_status', ['status', 'createdAt', 'id'])
@Index('ix_subscriptions_entitled_until', ['entitledUntil'])
@Index('ix_subscriptions_user', ['userId', 'entitledUntil'])
export class SubscriptionEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_subscriptions' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_subscriptions_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ name: 'stripe_subscription_id', type: 'text' })
  stripeSubscriptionId!: string;

  /** Stripe's status. */
  @Column({ type: 'text' })
  status!: string;

  /** The end of the entitlement to Pro, which follows from status, period and grace; null for none. */
  @Column({ name: 'entitled_until', type: 'timestamptz', precision: 3, nullable: true })
  entitledUntil!: Date | null;

  @Column({ name: 'current_period_end', type: 'timestamptz', precision: 3, nullable: true })
  currentPeriodEnd!: Date | null;

  /** The time when a cancellation takes effect, wherever it was made; null while the subscription renews. */
  @Column({ name: 'ends_at', type: 'timestamptz', precision: 3, nullable: true })
  endsAt!: Date | null;

  /** The end of the trial; null without one. */
  @Column({ name: 'trial_end', type: 'timestamptz', precision: 3, nullable: true })
  trialEnd!: Date | null;

  /** The price that is paid; null in rows of a release that did not store it. */
  @Column({ type: 'jsonb', nullable: true })
  price!: PaidPrice | null;

  /** The newest invoice, while its payment failed or waits for the payer; null for none. */
  @Column({ name: 'open_invoice', type: 'jsonb', nullable: true })
  openInvoice!: OpenInvoice | null;

  @Column({ name: 'started_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  startedAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;
}
