import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An attachment that was uploaded to the model's vendor, who deletes it at `expiresAt`. The row outlasts the
 * attachment, so that the vendor is told to delete it before.
 */
@Entity('model_files')
@Index('ix_model_files_expires_at', ['expiresAt'])
export class ModelFileEntity {
  @PrimaryColumn('uuid', { name: 'attachment_id', primaryKeyConstraintName: 'pk_model_files' })
  attachmentId!: string;

  /** The vendor's name for it, by which it is deleted. */
  @Column('text')
  name!: string;

  /** The address under which a request names it. */
  @Column('text')
  uri!: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt!: Date;
}
