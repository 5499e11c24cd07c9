import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** One sign-in, with the family of its refresh tokens. */
@Entity('sessions')
@Index('ix_sessions_ended_at', ['endedAt'], { where: 'ended_at IS NOT NULL' })
@Index('ix_sessions_user', ['userId', 'createdAt', 'id'])
@Check('ck_sessions_refresh_key', `octet_length(refresh_key) = 32`)
@Check('ck_sessions_refresh_token_hash', `octet_length(refresh_token_hash) = 32`)
@Check('ck_sessions_rotation', `(spent_token_hash IS NULL) = (rotated_at IS NULL)`)
export class SessionEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_sessions' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_sessions_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ name: 'refresh_key', type: 'bytea' })
  refreshKey!: Buffer;

  @Column({ name: 'refresh_token_hash', type: 'bytea' })
  refreshTokenHash!: Buffer;

  @Column({ name: 'spent_token_hash', type: 'bytea', nullable: true })
  spentTokenHash!: Buffer | null;

  @Column({ name: 'rotated_at', type: 'timestamptz', precision: 3, nullable: true })
  rotatedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  device!: string | null;

  @Column({ type: 'text', nullable: true })
  ip!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  lastUsedAt!: Date;

  /** Ending a session sets this too, so that one index finds all sessions that have ended or expired. */
  @Index('ix_sessions_expires_at')
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;

  @Column({ name: 'ended_at', type: 'timestamptz', precision: 3, nullable: true })
  endedAt!: Date | null;
}
