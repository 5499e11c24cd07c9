import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * A user whose customer at Stripe does not have the present username and e-mail address yet. A trigger on users inserts
 * these rows in the transaction of the change; a row is deleted when Stripe has the values.
 */
@Entity('customer_updates')
@Check('ck_customer_updates_attempts', `attempts >= 0`)
export class CustomerUpdateEntity {
  @ForeignKey('UserEntity', { name: 'fk_customer_updates_user', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'pk_customer_updates' })
  userId!: string;

  /** Another one after each change, which tells a worker that there was one during its attempt. */
  @Column({ name: 'change_id', type: 'uuid' })
  changeId!: string;

  @Index('ix_customer_updates_due_at')
  @Column({ name: 'due_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  dueAt!: Date;

  /** Attempts that failed. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'last_error', type: 'text', nullable: true })
  lastError!: string | null;
}
