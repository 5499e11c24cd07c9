import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What a model makes of a conversation in the background, up to a message. */
@Entity('digests')
@Index('ix_digests_due', ['dueAt'], { where: '(due_at IS NOT NULL)' })
@Index('ix_digests_titles', ['createdAt'], { where: `(kind = 'title'::text)` })
@Check('ck_digests_kind', `kind IN ('title', 'summary')`)
@Check('ck_digests_made', `(content IS NULL) = (covered IS NULL) AND (content IS NULL OR due_at IS NULL)`)
export class SummaryEntity {
  @ForeignKey('MessageEntity', { name: 'fk_digests_message', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'message_id', primaryKeyConstraintName: 'pk_digests' })
  messageId!: string;

  /** A title is kept in its room; its row goes when it is made. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_digests' })
  kind!: 'title' | 'summary';

  /** Raised by each claim; what an older one writes has no effect. */
  @Column({ type: 'integer', default: 0 })
  attempt!: number;

  /** When it is to be made, or looked after again; null when it is made or given up. */
  @Column({ type: 'timestamptz', name: 'due_at', precision: 3, nullable: true, default: () => 'now()' })
  dueAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  content!: string | null;

  /** Messages up to this one that the summary tells of. */
  @Column({ type: 'integer', nullable: true })
  covered!: number | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt!: Date;
}
