import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

export const RATINGS = ['up', 'down'] as const;
export type Rating = (typeof RATINGS)[number];

/** What the owner of a room thinks of a reply. */
@Entity('feedback')
@Index('ix_feedback_user', ['userId'])
@Index('ix_feedback_rating', ['rating', 'messageId'])
@Check('ck_feedback_rating', `rating IN ('up', 'down')`)
export class FeedbackEntity {
  @ForeignKey('MessageEntity', { name: 'fk_feedback_message', onDelete: 'CASCADE' })
  @PrimaryColumn('uuid', { name: 'message_id', primaryKeyConstraintName: 'pk_feedback' })
  messageId!: string;

  @ForeignKey('UserEntity', { name: 'fk_feedback_user', onDelete: 'CASCADE' })
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  rating!: Rating;

  @Column('text', { nullable: true })
  comment!: string | null;

  /** The model that made the reply, and the UTC day of the first rating: where it is counted. */
  @Column('text')
  model!: string;

  @Column('date')
  day!: string;
}
