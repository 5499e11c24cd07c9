import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The Pro plan that an administrator granted. */
@Entity('grants')
@Index('ix_grants_created_at', ['createdAt', 'id'])
@Index('ix_grants_entitled_until', ['entitledUntil'])
@Index('ix_grants_user', ['userId', 'entitledUntil'])
export class GrantEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'pk_grants' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_grants_user', onDelete: 'CASCADE' })
  @Column({ name: 'user_id', type: 'uuid' })
  userId!: string;

  @Column({ name: 'entitled_until', type: 'timestamptz', precision: 3 })
  entitledUntil!: Date;

  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'revoked_at', type: 'timestamptz', precision: 3, nullable: true })
  revokedAt!: Date | null;
}
