import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** What Stripe says of a subscription. */
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

  /** Stripe's word. */
  @Column({ type: 'text' })
  status!: string;

  /** What status, period and grace together entitle to; null is nothing. */
  @Column({ name: 'entitled_until', type: 'timestamptz', precision: 3, nullable: true })
  entitledUntil!: Date | null;

  @Column({ name: 'current_period_end', type: 'timestamptz', precision: 3, nullable: true })
  currentPeriodEnd!: Date | null;

  /** When a cancellation takes effect, whichever way it was made; null while it renews. */
  @Column({ name: 'ends_at', type: 'timestamptz', precision: 3, nullable: true })
  endsAt!: Date | null;

  @Column({ name: 'started_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  startedAt!: Date;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  updatedAt!: Date;
}
