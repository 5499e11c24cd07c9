import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * A customer that a user had at Stripe before the one in stripe_customers. A trigger on stripe_customers inserts these
 * rows, and one on this table closes the customer when the account is deleted.
 */
@Entity('former_stripe_customers')
export class FormerCustomerEntity {
  @PrimaryColumn({ name: 'stripe_customer_id', type: 'text', primaryKeyConstraintName: 'pk_former_stripe_customers' })
  stripeCustomerId!: string;

  @Index('ix_former_stripe_customers_user')
  @ForeignKey('UserEntity', { name: 'fk_former_stripe_customers_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  /** The time when Stripe said that the customer is deleted; null as long as it may still be charged. */
  @Column({ name: 'gone_at', type: 'timestamptz', precision: 3, nullable: true })
  goneAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
