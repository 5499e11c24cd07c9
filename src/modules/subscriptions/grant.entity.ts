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

  /** The next attempt to tell the user of the end, while it is not noted; null before the first one. */
  @Column({ name: 'end_notice_due_at', type: 'timestamptz', precision: 3, nullable: true })
  endNoticeDueAt!: Date | null;

  /** When the user was told of the end, or it was decided that nothing is to be told. */
  @Column({ name: 'end_noted_at', type: 'timestamptz', precision: 3, nullable: true })
  endNotedAt!: Date | null;
}
