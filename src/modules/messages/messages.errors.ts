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
