import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A customer at Stripe whose account here is gone. A trigger on stripe_customers makes these rows; they outlast the customer, as Stripe goes on
 * sending events of it.
 */
@Entity('customer_closures')
@Check('ck_customer_closures_attempts', `attempts >= 0`)
export class CustomerClosureEntity {
  @PrimaryColumn({ name: 'stripe_customer_id', type: 'text', primaryKeyConstraintName: 'pk_customer_closures' })
  stripeCustomerId!: string;

  @Index('ix_customer_closures_due_at', { where: 'closed_at IS NULL' })
  @Column({ name: 'due_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  dueAt!: Date;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;

  /** When Stripe had let go of it. */
  @Index('ix_customer_closures_closed_at')
  @Column({ name: 'closed_at', type: 'timestamptz', precision: 3, nullable: true })
  closedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
