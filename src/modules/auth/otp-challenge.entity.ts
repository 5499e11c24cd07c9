import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The purpose of a code. A code for another purpose is treated like a wrong one. */
export type OtpPurpose = 'sign_in' | 'admin_sign_in' | 'reset_password';

@Entity('otp_challenges')
@Index('ix_otp_challenges_mobile_number', ['mobileNumber', 'purpose', 'createdAt'])
@Index('ix_otp_challenges_unsettled', ['createdAt'], { where: 'settled_at IS NULL' })
@Check('ck_otp_challenges_purpose', `purpose IN ('sign_in', 'admin_sign_in', 'reset_password')`)
@Check('ck_otp_challenges_attempts', `attempts BETWEEN 0 AND 5`)
@Check('ck_otp_challenges_from_signup', `NOT from_signup OR purpose = 'sign_in'`)
export class OtpChallengeEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_otp_challenges' })
  id!: string;

  /** Null for a number without an account. */
  @Index('ix_otp_challenges_user')
  @ForeignKey('UserEntity', { name: 'fk_otp_challenges_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid', nullable: true })
  userId!: string | null;

  @Column({ name: 'mobile_number', type: 'text' })
  mobileNumber!: string;

  @Column({ type: 'text' })
  purpose!: OtpPurpose;

  @Column({ name: 'from_signup', type: 'boolean', default: false })
  fromSignup!: boolean;

  /** Attempts that named this challenge. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Index('ix_otp_challenges_expires_at')
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  /** When the code was delivered, its delivery was abandoned, or the number turned out to have no account. */
  @Column({ name: 'settled_at', type: 'timestamptz', precision: 3, nullable: true })
  settledAt!: Date | null;

  @Column({ name: 'consumed_at', type: 'timestamptz', precision: 3, nullable: true })
  consumedAt!: Date | null;
}
