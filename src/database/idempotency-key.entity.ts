import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The result of a request that carried an idempotency key. */
@Entity('idempotency_keys')
@Check('ck_idempotency_keys_fingerprint', `octet_length(fingerprint) = 32`)
export class IdempotencyKeyEntity {
  @ForeignKey('UserEntity', { name: 'fk_idempotency_keys_user', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'pk_idempotency_keys' })
  userId!: string;

  /** Method and path. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_idempotency_keys' })
  scope!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_idempotency_keys' })
  key!: string;

  /** SHA-256 of the body. */
  @Column({ type: 'bytea' })
  fingerprint!: Buffer;

  /** The data from which the first answer is made again. */
  @Column({ type: 'jsonb' })
  result!: unknown;

  @Index('ix_idempotency_keys_created_at')
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
