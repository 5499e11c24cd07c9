import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An event of Stripe: what came, what it is about, and whether it was acted on. */
@Entity('stripe_events')
@Check('ck_stripe_events_outcome', `outcome IN ('applied', 'ignored', 'refused')`)
@Check('ck_stripe_events_processed', `(processed_at IS NULL) = (outcome IS NULL)`)
@Check('ck_stripe_events_attempts', `attempts >= 0`)
@Index('ix_stripe_events_received_at', ['receivedAt', 'id'])
@Index('ix_stripe_events_customer', ['stripeCustomerId', 'occurredAt'])
export class StripeEventEntity {
  /** Stripe's. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_stripe_events' })
  id!: string;

  @Column({ type: 'text' })
  type!: string;

  @Column({ name: 'api_version', type: 'text', nullable: true })
  apiVersion!: string | null;

  @Column({ type: 'boolean' })
  livemode!: boolean;

  @Column({ name: 'object_id', type: 'text', nullable: true })
  objectId!: string | null;

  @Column({ name: 'stripe_customer_id', type: 'text', nullable: true })
  stripeCustomerId!: string | null;

  /** As Stripe wrote it; null once its customer is erased. */
  @Column({ type: 'json', nullable: true })
  payload!: object | null;

  /** By Stripe's clock. */
  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3 })
  occurredAt!: Date;

  @Column({ name: 'received_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  receivedAt!: Date;

  /** When it was last asked to be acted on: as it came, or replayed. */
  @Column({ name: 'requested_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  requestedAt!: Date;

  /** When the sweep takes it up, unless its job was faster. */
  @Index('ix_stripe_events_unprocessed', { where: 'processed_at IS NULL' })
  @Column({ name: 'due_at', type: 'timestamptz', precision: 3 })
  dueAt!: Date;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'processed_at', type: 'timestamptz', precision: 3, nullable: true })
  processedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  outcome!: string | null;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;
}
