import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The account at Stripe that this database belongs to, by the first key that asked. There is one row at most. */
@Entity('stripe_accounts')
@Check('ck_stripe_accounts_one', `id = 1`)
export class StripeAccountEntity {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'pk_stripe_accounts' })
  id!: number;

  /** Null as long as no key could read its account. */
  @Column({ name: 'account_id', type: 'text', nullable: true })
  accountId!: string | null;

  @Column({ type: 'boolean' })
  livemode!: boolean;

  @Column({ name: 'stored_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  storedAt!: Date;
}
