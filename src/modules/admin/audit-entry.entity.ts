import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An action of an administrator. Triggers refuse every change but the deletion of entries older than RETAIN_AUDIT. */
@Entity('audit_log')
@Index('ix_audit_log_created_at', ['createdAt', 'id'])
@Index('ix_audit_log_actor', ['actorId', 'createdAt', 'id'])
@Index('ix_audit_log_target', ['targetId', 'createdAt', 'id'])
@Index('ix_audit_log_action', ['action', 'createdAt', 'id'])
export class AuditEntryEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_audit_log' })
  id!: string;

  @Column('uuid', { name: 'actor_id' })
  actorId!: string;

  @Column('text')
  action!: string;

  @Column('text', { name: 'target_type' })
  targetType!: string;

  /** Null where the action has no single target. */
  @Column('text', { name: 'target_id', nullable: true })
  targetId!: string | null;

  /** Ids and fields that are not personal. */
  @Column('jsonb', { nullable: true })
  before!: object | null;

  @Column('jsonb', { nullable: true })
  after!: object | null;

  @Column('text', { nullable: true })
  reason!: string | null;

  /** The administrator's address. */
  @Column('text')
  ip!: string;

  @Column('text', { nullable: true })
  device!: string | null;

  @Column('text', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
