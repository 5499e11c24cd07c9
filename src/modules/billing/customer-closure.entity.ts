import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A customer at Stripe who has no account here any more. A trigger on stripe_customers inserts these rows. They are
 * kept longer than the customer, because Stripe goes on sending events about it.
 */
@Entity('customer_closures')
@Check('ck_customer_closures_attempts', `attempts >= 0`)
export class CustomerClosureEntity {
  @PrimaryColumn({ name: 'stripe_customer_id', type: 'text', primaryKeyConstraintName: 'pk_customer_closures' })
  stripeCustomerId!: string;

  @Index('ix_customer_closures_due_at', { where: 'closed_at IS NULL' })
  @Column({ name: 'due_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  dueAt!: Date;

  /** Whether the account was not deleted, but reclaimed by the holder of its number. */
  @Column({ name: 'is_reclaimed', type: 'boolean', default: false })
  isReclaimed!: boolean;

  /** Attempts that failed. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;

  /** The time when Stripe had deleted the customer. */
  @Index('ix_customer_closures_closed_at')
  @Column({ name: 'closed_at', type: 'timestamptz', precision: 3, nullable: true })
  closedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
