import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** An attachment of a message. Several messages may have the same one. */
@Entity('message_attachments')
@Index('ix_message_attachments_attachment', ['attachmentId'])
export class MessageAttachmentEntity {
  @ForeignKey('MessageEntity', { name: 'fk_message_attachments_message', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'message_id', primaryKeyConstraintName: 'pk_message_attachments' })
  messageId!: string;

  /** From 1, in the order in which the message names them. */
  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'pk_message_attachments' })
  position!: number;

  @ForeignKey('AttachmentEntity', { name: 'fk_message_attachments_attachment', deferrable: 'INITIALLY DEFERRED' })
  @Column('uuid', { name: 'attachment_id' })
  attachmentId!: string;
}
