import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The tokens of an attachment, as a model has counted them. */
@Entity('attachment_tokens')
export class AttachmentTokensEntity {
  @ForeignKey('AttachmentEntity', { name: 'fk_attachment_tokens_attachment', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'attachment_id', primaryKeyConstraintName: 'pk_attachment_tokens' })
  attachmentId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'pk_attachment_tokens' })
  model!: string;

  /** Null where the model cannot read the file. */
  @Column('integer', { nullable: true })
  tokens!: number | null;
}
