import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A visit to Stripe's payment page. A user has at most one open checkout. */
@Entity('checkouts')
@Check('ck_checkouts_status', `status IN ('open', 'complete', 'expired', 'failed')`)
@Unique('uq_checkouts_stripe_session', ['stripeSessionId'])
@Index('ix_checkouts_user', ['userId', 'createdAt'])
@Index('uq_checkouts_open', ['userId'], { unique: true, where: `status = 'open'` })
export class CheckoutEntity {
  /** The idempotency key under which Stripe creates the session is made of it. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_checkouts' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_checkouts_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ type: 'text', default: 'open' })
  status!: 'open' | 'complete' | 'expired' | 'failed';

  @Column({ name: 'success_url', type: 'text' })
  successUrl!: string;

  @Column({ name: 'cancel_url', type: 'text' })
  cancelUrl!: string;

  /** The key of the price; null in rows of a release that had one price. */
  @Column({ name: 'price_key', type: 'text', nullable: true })
  priceKey!: string | null;

  @Column({ name: 'stripe_session_id', type: 'text', nullable: true })
  stripeSessionId!: string | null;

  @Column({ type: 'text', nullable: true })
  url!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
