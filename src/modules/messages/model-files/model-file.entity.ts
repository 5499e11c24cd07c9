import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An upload of an attachment to the model's vendor, who deletes it at `expiresAt`. The row outlasts the attachment, so
 * that the vendor is told to delete it before. Two replies at once may upload one attachment twice.
 */
@Entity('model_files')
@Index('ix_model_files_attachment', ['attachmentId'])
@Index('ix_model_files_expires_at', ['expiresAt'])
export class ModelFileEntity {
  /** The address under which a request names it. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_model_files' })
  uri!: string;

  /** Null: it is used no more. */
  @Column('uuid', { name: 'attachment_id', nullable: true })
  attachmentId!: string | null;

  /** The vendor's name for it, by which it is deleted. */
  @Column('text')
  name!: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt!: Date;
}
