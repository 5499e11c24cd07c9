import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Rating } from './feedback.entity.js';

const KEY = { primaryKeyConstraintName: 'pk_feedback_days' } as const;

/** Ratings of a model's replies by the UTC day that they were given on, over all users. */
@Entity('feedback_days')
@Check('ck_feedback_days_rating', `rating IN ('up', 'down')`)
export class FeedbackDayEntity {
  @PrimaryColumn({ type: 'date', ...KEY })
  day!: string;

  @PrimaryColumn({ type: 'text', ...KEY })
  model!: string;

  @PrimaryColumn({ type: 'text', ...KEY })
  rating!: Rating;

  @Column({ type: 'integer' })
  count!: number;
}
