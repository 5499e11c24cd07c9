import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** Who a user is at Stripe, and how fresh what we know of it is. */
@Entity('stripe_customers')
@Unique('uq_stripe_customers_stripe_customer', ['stripeCustomerId'])
export class StripeCustomerEntity {
  @ForeignKey('UserEntity', { name: 'fk_stripe_customers_user', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'pk_stripe_customers' })
  userId!: string;

  @Column({ name: 'stripe_customer_id', type: 'text' })
  stripeCustomerId!: string;

  /** Of the newest look at Stripe that has begun. */
  @Column({ type: 'bigint', default: 0 })
  ticket!: string;

  /** Of the newest look whose findings were written. */
  @Column({ name: 'applied_ticket', type: 'bigint', default: 0 })
  appliedTicket!: string;

  /** When that look began. */
  @Column({ name: 'synced_at', type: 'timestamptz', precision: 3, nullable: true })
  syncedAt!: Date | null;

  @Index('ix_stripe_customers_check_at', { where: 'check_at IS NOT NULL' })
  @Column({ name: 'check_at', type: 'timestamptz', precision: 3, nullable: true })
  checkAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
