import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { NotFoundError } from '../../../common/errors/common.errors.js';
import { Database } from '../../../database/database.js';
import { NotAReplyError } from '../messages.errors.js';
import { type Feedback, FeedbackRepository } from './feedback.repository.js';

/** A day's ratings of a model's replies. */
export interface FeedbackCounts {
  readonly day: string;
  readonly model: string;
  readonly up: number;
  readonly down: number;
}

/** What users think of replies. */
@Injectable()
export class FeedbackService {
  constructor(
    private readonly database: Database,
    private readonly repository: FeedbackRepository,
  ) {}

  /**
   * Stores the user's feedback on a reply in place of an earlier one.
   *
   * @param input.feedback null takes it back
   * @throws NotFoundError, NotAReplyError
   */
  async rateReply(
    { userId }: Actor,
    { feedback, ...message }: { readonly chatroomId: string; readonly messageId: string; readonly feedback: Feedback | null },
  ): Promise<void> {
    await this.database.transaction(async (transaction) => {
      const role = await this.repository.lockMessage(transaction, { userId, ...message });
      if (role === null) throw new NotFoundError();
      if (role !== 'model') throw new NotAReplyError();
      await this.repository.change(transaction, message.messageId, feedback);
    });
  }

  /** Oldest first, days and models with ratings. @param from first and @param to last UTC day as YYYY-MM-DD */
  async countByDay(from: string, to: string): Promise<FeedbackCounts[]> {
    const counts = new Map<string, FeedbackCounts>();
    for (const { day, model, rating, count } of await this.repository.countByDay(from, to)) {
      const before = counts.get(`${day} ${model}`) ?? { day, model, up: 0, down: 0 };
      counts.set(`${day} ${model}`, { ...before, [rating]: count });
    }
    return [...counts.values()].filter(({ up, down }) => up + down > 0);
  }
}
