import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { ReasoningLevel } from '../../config/models.js';
import type { Source, ThoughtSignature } from '../../integrations/gemini/index.js';
import type { FinishReason, MessageStatus } from './message-status.js';

@Entity('messages')
@Unique('uq_messages_position', ['chatroomId', 'position'])
@Unique('uq_messages_run', ['chatroomId', 'run', 'depth'])
@Index('ix_messages_parent', ['parentId', 'position'])
@Index('ix_messages_roots', ['chatroomId', 'position'], { where: '(parent_id IS NULL)' })
@Index('ix_messages_unfinished', ['chatroomId', 'position'], { where: `(status = ANY (ARRAY['pending'::text, 'streaming'::text]))` })
@Index('uq_messages_streaming', ['chatroomId'], { unique: true, where: `(status = 'streaming'::text)` })
@Index('ix_messages_forks', ['chatroomId', 'forkedRun', 'depth'], { where: '(forked_run IS NOT NULL)' })
@Index('ix_messages_words', ['words'], { type: 'gin', where: '(words IS NOT NULL)' })
@Index('ix_messages_outdated_words', ['id'], { where: `((words_version < 2) AND (content <> ''::text))` })
@Index('ix_messages_created_at', ['createdAt', 'id'])
@Index('ix_messages_user', ['userId', 'createdAt', 'id'])
@Index('ix_messages_ended_otherwise', ['status', 'createdAt', 'id'], {
  where: `(status = ANY (ARRAY['failed'::text, 'blocked'::text, 'cancelled'::text]))`,
})
@Index('ix_messages_retryable', ['createdAt', 'id'], { where: `((status = 'failed'::text) AND (started_at IS NOT NULL))` })
@Check('ck_messages_role', `role IN ('user', 'model')`)
@Check('ck_messages_status', `status IN ('pending', 'streaming', 'completed', 'failed', 'blocked', 'cancelled')`)
@Check('ck_messages_user_completed', `role = 'model' OR status = 'completed'`)
@Check('ck_messages_completed_at', `(completed_at IS NULL) = (status IN ('pending', 'streaming'))`)
@Check('ck_messages_reply_parent', `role = 'user' OR parent_id IS NOT NULL`)
@Check('ck_messages_failed_error', `(error_code IS NOT NULL) = (status = 'failed')`)
@Check('ck_messages_failed_free', `status <> 'failed' OR charged_day IS NULL`)
@Check('ck_messages_attempt', `attempt >= 0`)
@Check('ck_messages_run', `run <= position AND forked_run < run`)
@Check('ck_messages_forgiven_attempts', `forgiven_attempts BETWEEN 0 AND attempt`)
@Check('ck_messages_reasoning_level', `reasoning_level IN ('default', 'minimal', 'low', 'medium', 'high')`)
@Check('ck_messages_depth', `(depth = 1) = (parent_id IS NULL)`)
export class MessageEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_messages' })
  id!: string;

  @ForeignKey('ChatroomEntity', { name: 'fk_messages_chatroom', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'chatroom_id' })
  chatroomId!: string;

  /** The owner of the room, so that a finished reply finds its account without the room. */
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** Position in the total order of the room, from 1. */
  @Column('integer')
  position!: number;

  /** Position on its branch, from 1. */
  @Column('integer')
  depth!: number;

  /**
   * The segment of its branch without forks that it belongs to, named by the position of the segment's first message.
   */
  @Column('integer')
  run!: number;

  /** The run of its parent, on the first message of a run that forks off another one. */
  @Column('integer', { name: 'forked_run', nullable: true })
  forkedRun!: number | null;

  /** The message before it on its branch. For a reply, this is the message that it answers. */
  @ForeignKey('MessageEntity', { name: 'fk_messages_parent' })
  @Column('uuid', { name: 'parent_id', nullable: true })
  parentId!: string | null;

  @Column('text')
  role!: 'user' | 'model';

  @Column('text')
  status!: MessageStatus;

  /** The text. It is empty in a reply that is not finished. */
  @Column('text', { default: '' })
  content!: string;

  /** The words of the content, each marked with its owner and an index block (search/marked-words.ts). */
  @Column('tsvector', { nullable: true, select: false })
  words!: string | null;

  /** Version of the rule that created the words (search/words.ts); 1 for a reply without text, which has no words. */
  @Column('integer', { name: 'words_version', default: 1 })
  wordsVersion!: number;

  @Column('text', { nullable: true })
  model!: string | null;

  /**
   * Raised by each claim. Every later write of the claim names it, so that a worker that lost its lease writes nothing.
   */
  @Column('integer', { default: 0 })
  attempt!: number;

  /** Attempts made before the last admin retry; they do not count towards REPLY_MAX_ATTEMPTS. */
  @Column('integer', { name: 'forgiven_attempts', default: 0 })
  forgivenAttempts!: number;

  /** The end of the lease of the worker that holds the reply. */
  @Column({ type: 'timestamptz', name: 'lease_until', precision: 3, nullable: true })
  leaseUntil!: Date | null;

  /**
   * On an unfinished reply: each attempt so far got an error of the model's servers (5xx); null before the first
   * failure. On a failed reply: the same is true of all its attempts while the model answered other replies, so that
   * its message is at fault.
   */
  @Column('boolean', { name: 'is_suspect', nullable: true })
  isSuspect!: boolean | null;

  /** The next attempt begins no sooner. */
  @Column({ type: 'timestamptz', name: 'retry_at', precision: 3, nullable: true })
  retryAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'cancel_requested_at', precision: 3, nullable: true })
  cancelRequestedAt!: Date | null;

  /** The UTC day whose counter this reply's unit was charged to; null when it cost nothing or was refunded. */
  @Column('date', { name: 'charged_day', nullable: true })
  chargedDay!: string | null;

  @Column('text', { name: 'finish_reason', nullable: true })
  finishReason!: FinishReason | null;

  /** The vendor's reason for blocking it. */
  @Column('text', { name: 'block_reason', nullable: true })
  blockReason!: string | null;

  @Column('text', { name: 'error_code', nullable: true })
  errorCode!: string | null;

  @Column('integer', { name: 'input_tokens', nullable: true })
  inputTokens!: number | null;

  /** Does not include `reasoningTokens`. */
  @Column('integer', { name: 'output_tokens', nullable: true })
  outputTokens!: number | null;

  @Column('integer', { name: 'reasoning_tokens', nullable: true })
  reasoningTokens!: number | null;

  @Column('integer', { name: 'total_tokens', nullable: true })
  totalTokens!: number | null;

  @Column('boolean', { name: 'usage_estimated', nullable: true })
  usageEstimated!: boolean | null;

  /** Messages of the branch that the model was given. */
  @Column('integer', { name: 'context_turns', nullable: true })
  contextTurns!: number | null;

  /** Messages of the branch that did not fit. */
  @Column('integer', { name: 'context_trimmed', nullable: true })
  contextTrimmed!: number | null;

  @Column('integer', { name: 'context_summarised', nullable: true })
  contextSummarised!: number | null;

  /** Attachments that the model was given. */
  @Column('integer', { name: 'context_files_sent', nullable: true })
  contextFilesSent!: number | null;

  /** Attachments that did not fit and were named. */
  @Column('integer', { name: 'context_files_omitted', nullable: true })
  contextFilesOmitted!: number | null;

  /** On a user's message: whether its replies may search the web; null where it leaves that to its room. */
  @Column('boolean', { name: 'web_search', nullable: true })
  webSearch!: boolean | null;

  /** On a user's message: the level of reasoning of its replies; null where it leaves that to its room. */
  @Column('text', { name: 'reasoning_level', nullable: true })
  reasoningLevel!: ReasoningLevel | 'default' | null;

  /** The summary of its thoughts that the model gave with a reply. */
  @Column('text', { nullable: true })
  reasoning!: string | null;

  /**
   * The UTF-16 lengths of the parts of a reply as they came: thoughts, text, thoughts and so on. Null where all
   * thoughts came before the text.
   */
  @Column('integer', { name: 'part_lengths', array: true, nullable: true })
  partLengths!: number[] | null;

  /** The web pages that a reply rests on; null for a reply without a search. */
  @Column('jsonb', { nullable: true })
  sources!: readonly Source[] | null;

  /** Google's HTML of search suggestions, which is shown with a reply that rests on a search. */
  @Column('text', { name: 'search_suggestions', nullable: true })
  searchSuggestions!: string | null;

  /** The size of the thoughts, sources and search suggestions of a reply, which count as storage like its content. */
  @Column('integer', { name: 'detail_bytes', default: 0 })
  detailBytes!: number;

  /** Opaque to us: the model gets them back with the text of this reply. */
  @Column('jsonb', { name: 'thought_signatures', nullable: true })
  thoughtSignatures!: readonly ThoughtSignature[] | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  /** The time of the last claim; null for a reply that was never attempted here, such as an imported or copied one. */
  @Column({ type: 'timestamptz', name: 'started_at', precision: 3, nullable: true })
  startedAt!: Date | null;

  /** The time of the first thought that was shown. */
  @Column({ type: 'timestamptz', name: 'first_thought_at', precision: 3, nullable: true })
  firstThoughtAt!: Date | null;

  /** The time of the first visible text. */
  @Column({ type: 'timestamptz', name: 'first_token_at', precision: 3, nullable: true })
  firstTokenAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'completed_at', precision: 3, nullable: true })
  completedAt!: Date | null;

  /** On a reply: the request that caused it, at last an admin retry; null where it is not known. */
  @Column({ type: 'text', name: 'request_id', nullable: true })
  requestId!: string | null;

  /** The place in the trace of that request (W3C Trace Context); null where it is not traced. */
  @Column({ type: 'text', nullable: true })
  traceparent!: string | null;
}
