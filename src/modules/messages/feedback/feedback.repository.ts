import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between, type Repository } from 'typeorm';
import type { Transaction } from '../../../database/database.js';
import { typed } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { FeedbackDayEntity } from './feedback-day.entity.js';
import type { Rating } from './feedback.entity.js';

export interface Feedback {
  readonly rating: Rating;
  readonly comment: string | null;
}

/** SQL of the feedback on the message `m`, as JSON. */
export const FEEDBACK_OF_MESSAGE = `(SELECT json_build_object('rating', f.rating, 'comment', f.comment) FROM feedback f WHERE f.message_id = m.id)`;

// The lock makes changes of the feedback on one message follow each other: the next statement sees the one before.
const lockMessage = statement({
  name: 'feedback_lock_message',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', message_id: 'uuid' },
  columns: { role: 'text' },
  text: `SELECT role FROM messages WHERE id = :message_id AND chatroom_id = :chatroom_id AND user_id = :user_id FOR NO KEY UPDATE`,
});

// Counts in the order of the key of feedback_days. A rating that is changed stays in the day that it was given on.
const change = statement({
  name: 'feedback_change',
  parameters: { message_id: 'uuid', rating: typed<Rating | null>('text'), comment: 'text?' },
  text: `WITH before AS (
     SELECT day, model, rating FROM feedback WHERE message_id = :message_id
   ), stored AS (
     INSERT INTO feedback AS f (message_id, user_id, rating, comment, model, day)
     SELECT m.id, m.user_id, :rating, :comment, coalesce(m.model, ''), (now() AT TIME ZONE 'UTC')::date
     FROM messages m WHERE m.id = :message_id AND :rating::text IS NOT NULL
     ON CONFLICT ON CONSTRAINT pk_feedback DO UPDATE SET rating = excluded.rating, comment = excluded.comment
     RETURNING f.day, f.model, f.rating
   ), removed AS (
     DELETE FROM feedback WHERE message_id = :message_id AND :rating::text IS NULL
   )
   INSERT INTO feedback_days AS d (day, model, rating, count)
   SELECT day, model, rating, sum(change)::integer
   FROM (SELECT before.*, -1 AS change FROM before UNION ALL SELECT stored.*, 1 FROM stored) AS changes
   GROUP BY day, model, rating HAVING sum(change) <> 0 ORDER BY day, model, rating
   ON CONFLICT ON CONSTRAINT pk_feedback_days DO UPDATE SET count = d.count + excluded.count`,
});

@Injectable()
export class FeedbackRepository {
  constructor(@InjectRepository(FeedbackDayEntity) private readonly days: Repository<FeedbackDayEntity>) {}

  /** @returns the role of a message of the user, which stays locked; null when there is no such message */
  async lockMessage(
    transaction: Transaction,
    { userId, chatroomId, messageId }: { userId: string; chatroomId: string; messageId: string },
  ): Promise<string | null> {
    const [row] = await transaction.run(lockMessage, { user_id: userId, chatroom_id: chatroomId, message_id: messageId });
    return row?.role ?? null;
  }

  /** @param feedback null takes it back */
  async change(transaction: Transaction, messageId: string, feedback: Feedback | null): Promise<void> {
    await transaction.run(change, { message_id: messageId, rating: feedback?.rating ?? null, comment: feedback?.comment ?? null });
  }

  /** Counts by day, model and rating. @param from first and @param to last UTC day as YYYY-MM-DD */
  countByDay(from: string, to: string): Promise<FeedbackDayEntity[]> {
    return this.days.find({ where: { day: Between(from, to) }, order: { day: 'ASC', model: 'ASC', rating: 'ASC' } });
  }
}
