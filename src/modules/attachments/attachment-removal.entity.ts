import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A deleted attachment whose bytes the object store may still have. A trigger of `attachments` writes it. */
@Entity('attachment_removals')
@Index('ix_attachment_removals_due_at', ['dueAt'])
export class AttachmentRemovalEntity {
  @PrimaryColumn('uuid', { name: 'attachment_id', primaryKeyConstraintName: 'pk_attachment_removals' })
  attachmentId!: string;

  /** When the store is asked next. */
  @Column({ type: 'timestamptz', name: 'due_at', precision: 3, default: () => 'now()' })
  dueAt!: Date;
}
