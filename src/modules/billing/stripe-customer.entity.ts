import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A user's customer at Stripe, and how fresh the stored state of its subscriptions is. */
@Entity('stripe_customers')
@Check('ck_stripe_customers_failed_runs', `failed_runs >= 0`)
@Unique('uq_stripe_customers_stripe_customer', ['stripeCustomerId'])
export class StripeCustomerEntity {
  @ForeignKey('UserEntity', { name: 'fk_stripe_customers_user', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'pk_stripe_customers' })
  userId!: string;

  @Column({ name: 'stripe_customer_id', type: 'text' })
  stripeCustomerId!: string;

  /** The number of the newest sync run that has begun. */
  @Column({ name: 'ticket', type: 'bigint', default: 0 })
  begunRun!: string;

  /** The number of the newest sync run whose result was stored. */
  @Column({ name: 'applied_ticket', type: 'bigint', default: 0 })
  storedRun!: string;

  /** The time when the sync run `storedRun` began. */
  @Column({ name: 'synced_at', type: 'timestamptz', precision: 3, nullable: true })
  syncedAt!: Date | null;

  /** Sync runs that have failed since the last one whose result is complete. */
  @Column({ name: 'failed_runs', type: 'integer', default: 0 })
  failedRuns!: number;

  /** The time of the next scheduled sync run; null for none. */
  @Index('ix_stripe_customers_check_at', { where: 'check_at IS NOT NULL' })
  @Column({ name: 'check_at', type: 'timestamptz', precision: 3, nullable: true })
  checkAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
