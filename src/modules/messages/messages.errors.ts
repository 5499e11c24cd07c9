import { AppError } from '../../common/errors/app-error.js';

export class DailyLimitReachedError extends AppError {
  static override readonly code = 'daily_limit_reached';
  static override readonly kind = 'rate_limited';
  static override readonly title = "The day's messages are used up";

  static override example(): AppError {
    const resetsAt = new Date('2026-11-23T00:00:00.000Z');
    return new DailyLimitReachedError({ limit: 5, used: 5, resetsAt, now: new Date('2026-11-22T20:15:03.120Z') });
  }

  constructor({ limit, used, resetsAt, now }: { limit: number; used: number; resetsAt: Date; now: Date }) {
    const seconds = Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000));
    super(`The plan includes ${limit} messages a UTC day.`, { limit, used, resets_at: resetsAt.toISOString() }, seconds);
  }
}

export class TooManyPendingRepliesError extends AppError {
  static override readonly code = 'too_many_pending_replies';
  static override readonly kind = 'rate_limited';
  static override readonly title = 'Too many replies are not finished';

  static override example(): AppError {
    return new TooManyPendingRepliesError(200);
  }

  constructor(limit: number) {
    super(`At most ${limit} replies of an account may be unfinished at a time.`, { limit }, 5);
  }
}

export class TooManyBranchesError extends AppError {
  static override readonly code = 'too_many_branches';
  static override readonly kind = 'conflict';
  static override readonly title = 'Too many branches';

  static override example(): AppError {
    return new TooManyBranchesError(100);
  }

  constructor(limit: number) {
    super(`A message has at most ${limit} alternatives.`, { limit });
  }
}

export class NotAReplyError extends AppError {
  static override readonly code = 'not_a_reply';
  static override readonly kind = 'conflict';
  static override readonly title = 'The message is not a reply';

  constructor() {
    super('Only replies of the model can be cancelled, streamed or followed by a message.');
  }
}

export class ReplyNotRetryableError extends AppError {
  static override readonly code = 'reply_not_retryable';
  static override readonly kind = 'conflict';
  static override readonly title = 'The reply cannot be retried';

  constructor() {
    super('Only a reply that failed here can be retried. An imported or copied reply, and one that has not failed, cannot.');
  }
}

export class NotAUserMessageError extends AppError {
  static override readonly code = 'not_a_user_message';
  static override readonly kind = 'conflict';
  static override readonly title = 'The message is a reply';

  constructor() {
    super("Only the user's own messages can be edited; a reply can be regenerated.");
  }
}

export class TooManyStreamsError extends AppError {
  static override readonly code = 'too_many_streams';
  static override readonly kind = 'rate_limited';
  static override readonly title = 'Too many open streams';

  static override example(): AppError {
    return new TooManyStreamsError(20);
  }

  constructor(limit: number) {
    super(`At most ${limit} streams of an account may be open at a time. Close one first.`, { limit }, 5);
  }
}

export class ServiceBudgetReachedError extends AppError {
  static override readonly code = 'service_budget_reached';
  static override readonly kind = 'unavailable';
  static override readonly title = "The service's budget for today is used up";

  static override example(): AppError {
    return new ServiceBudgetReachedError({ resetsAt: new Date('2026-11-23T00:00:00.000Z'), now: new Date('2026-11-22T20:15:03.120Z') });
  }

  constructor({ resetsAt, now }: { resetsAt: Date; now: Date }) {
    const seconds = Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000));
    super('No more messages are taken in until midnight UTC.', { resets_at: resetsAt.toISOString() }, seconds);
  }
}
