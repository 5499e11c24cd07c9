import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A title or summary of a conversation up to a message, which a model makes in the background. */
@Entity('digests')
@Index('ix_digests_due', ['dueAt'], { where: '(due_at IS NOT NULL)' })
@Index('ix_digests_titles', ['createdAt'], { where: `(kind = 'title'::text)` })
@Check('ck_digests_kind', `kind IN ('title', 'summary')`)
@Check('ck_digests_made', `(content IS NULL) = (covered IS NULL) AND (content IS NULL OR due_at IS NULL)`)
export class SummaryEntity {
  @ForeignKey('MessageEntity', { name: 'fk_digests_message', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'message_id', primaryKeyConstraintName: 'pk_digests' })
  messageId!: string;

  /** A finished title is the name of its room, and its row is deleted. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_digests' })
  kind!: 'title' | 'summary';

  /** Raised by each claim; writes of older claims have no effect. */
  @Column({ type: 'integer', default: 0 })
  attempt!: number;

  /** The time of the next attempt, or the end of the claim's lease; null when it is finished or given up. */
  @Column({ type: 'timestamptz', name: 'due_at', precision: 3, nullable: true, default: () => 'now()' })
  dueAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  content!: string | null;

  /** The number of messages up to this one that the summary covers. */
  @Column({ type: 'integer', nullable: true })
  covered!: number | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  /** The request that it goes back to; null where it is not known, as with what an earlier release wrote. */
  @Column({ type: 'text', name: 'request_id', nullable: true })
  requestId!: string | null;

  /** The place in the trace of that request (W3C Trace Context); null where it is not traced. */
  @Column({ type: 'text', nullable: true })
  traceparent!: string | null;
}
