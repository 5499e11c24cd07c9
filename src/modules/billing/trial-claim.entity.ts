import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Something that a person who had a trial is recognised by: a mobile number, an e-mail address or a card, as a keyed
 * hash. It outlives the account, so that a trial is had once.
 */
@Entity('trial_claims')
@Check('ck_trial_claims_identity_hash', `octet_length(identity_hash) = 32`)
export class TrialClaimEntity {
  @PrimaryColumn({ name: 'identity_hash', type: 'bytea', primaryKeyConstraintName: 'pk_trial_claims' })
  identityHash!: Buffer;

  /** The subscription whose trial it was. */
  @Column({ name: 'stripe_subscription_id', type: 'text' })
  stripeSubscriptionId!: string;

  @Index('ix_trial_claims_created_at')
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
