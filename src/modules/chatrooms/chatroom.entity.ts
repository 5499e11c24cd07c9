import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ReasoningLevel } from '../../config/models.js';

@Entity('chatrooms')
@Index('ix_chatrooms_list', ['userId', 'archived', 'lastActivityAt', 'id'])
@Check('ck_chatrooms_last_position', `last_position >= 0`)
@Check('ck_chatrooms_reasoning', `reasoning IN ('minimal', 'low', 'medium', 'high')`)
export class ChatroomEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pk_chatrooms' })
  id!: string;

  @ForeignKey('UserEntity', { name: 'fk_chatrooms_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text', { nullable: true })
  name!: string | null;

  @Column('text', { name: 'system_instruction', nullable: true })
  systemInstruction!: string | null;

  @Column('text', { nullable: true })
  model!: string | null;

  /** Whether replies may search the web, where plan and model offer it. */
  @Column('boolean', { name: 'web_search', default: false })
  webSearch!: boolean;

  /** The level of reasoning, where plan and model offer it; null for the model's default. */
  @Column('text', { nullable: true })
  reasoning!: ReasoningLevel | null;

  @Column('boolean', { default: false })
  archived!: boolean;

  /** The highest position so far, which is the number of messages on all branches. */
  @Column('integer', { name: 'last_position', default: 0 })
  lastPosition!: number;

  @Column('uuid', { name: 'active_leaf_id', nullable: true })
  activeLeafId!: string | null;

  /** The number of messages on the active branch. */
  @Column('integer', { name: 'active_leaf_depth', default: 0 })
  activeLeafDepth!: number;

  /** The run of the active leaf; 0 without messages. */
  @Column('integer', { name: 'active_run', default: 0 })
  activeRun!: number;

  /** The value of active_leaf_id before the newest send, from which that send learns its parent. */
  @Column('uuid', { name: 'previous_leaf_id', nullable: true })
  previousLeafId!: string | null;

  /** The time of the last request for a title. The title's row in `digests` has the same time. */
  @Column({ type: 'timestamptz', name: 'title_requested_at', precision: 3, nullable: true })
  titleRequestedAt!: Date | null;

  /** The number of requests for a title. */
  @Column('integer', { name: 'title_requests', default: 0 })
  titleRequests!: number;

  @Column({ type: 'timestamptz', name: 'last_message_at', precision: 3, nullable: true })
  lastMessageAt!: Date | null;

  @Column({ type: 'timestamptz', name: 'last_activity_at', precision: 3, default: () => 'now()' })
  lastActivityAt!: Date;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3, default: () => 'now()' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3, default: () => 'now()' })
  updatedAt!: Date;
}
