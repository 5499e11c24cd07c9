import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The result of processing an event: `applied` had the customer synced, `ignored` concerns nothing here, `refused` is
 * of the other mode (live or test) than our key.
 */
export type EventOutcome = 'applied' | 'ignored' | 'refused';

/** An event that Stripe sent or listed, and the state of its processing. */
@Entity('stripe_events')
@Check('ck_stripe_events_outcome', `outcome IN ('applied', 'ignored', 'refused')`)
@Check('ck_stripe_events_processed', `(processed_at IS NULL) = (outcome IS NULL)`)
@Check('ck_stripe_events_attempts', `attempts >= 0`)
@Index('ix_stripe_events_received_at', ['receivedAt', 'id'])
@Index('ix_stripe_events_type', ['type', 'receivedAt', 'id'])
@Index('ix_stripe_events_customer', ['stripeCustomerId', 'occurredAt'])
export class StripeEventEntity {
  /** Stripe's id. */
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

  /** The event as Stripe wrote it; null once its customer is erased. */
  @Column({ type: 'json', nullable: true })
  payload!: object | null;

  /** The time of Stripe's clock. */
  @Column({ name: 'occurred_at', type: 'timestamptz', precision: 3 })
  occurredAt!: Date;

  @Column({ name: 'received_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  receivedAt!: Date;

  /** The time when it was received, or replayed last. */
  @Column({ name: 'requested_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  requestedAt!: Date;

  /** The time from which the sweep adds a job for it, if it is still unprocessed. */
  @Index('ix_stripe_events_unprocessed', { where: 'processed_at IS NULL' })
  @Column({ name: 'due_at', type: 'timestamptz', precision: 3 })
  dueAt!: Date;

  /** Attempts that failed. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'processed_at', type: 'timestamptz', precision: 3, nullable: true })
  processedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  outcome!: EventOutcome | null;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;
}
