import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A file of a user. Its bytes are the object of the same id in the object store. */
@Entity('attachments')
@Index('ix_attachments_user', ['userId'])
@Index('ix_attachments_unheld', ['createdAt'], { where: 'NOT is_held' })
@Check('ck_attachments_size', 'size >= 0')
@Check('ck_attachments_stored', `stored_at IS NULL AND NOT is_held OR (media_type IS NOT NULL AND sha256 IS NOT NULL)`)
export class AttachmentEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_attachments' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_attachments_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  name!: string;

  /** As the bytes say; null while they are being uploaded. */
  @Column('text', { name: 'media_type', nullable: true })
  mediaType!: string | null;

  /** In bytes; while they are being uploaded, as many as are reserved for them. */
  @Column('bigint')
  size!: string;

  @Column('bytea', { nullable: true })
  sha256!: Buffer | null;

  /** Whether a message has it. */
  @Column('boolean', { name: 'is_held', default: false })
  isHeld!: boolean;

  /** When the upload was complete; null while it is not. */
  @Column({ type: 'timestamptz', name: 'stored_at', precision: 3, nullable: true })
  storedAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
