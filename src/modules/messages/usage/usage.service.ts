import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { ValidationFailedError } from '../../../common/errors/common.errors.js';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';

/** What a user's replies consumed. */
export interface Usage {
  /** Answered, and not given back. */
  readonly messages: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Estimated, in millionths of a US dollar. */
  readonly cost_micros: number;
}

export interface DayUsage extends Usage {
  /** UTC. */
  readonly day: string;
  readonly model: string;
}

const read = statement<DayUsage>(
  'usage_read',
  `SELECT day, model, messages, input_tokens::float8, output_tokens::float8, cost_micros::float8
   FROM user_model_days WHERE user_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, model`,
);

const MAX_DAYS = 366;
const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;

const toDay = (time: number): string => new Date(time).toISOString().slice(0, 10);

@Injectable()
export class UsageService {
  constructor(private readonly database: Database) {}

  /**
   * By day and model, oldest first, and in total.
   *
   * @param range UTC days, both included; to today and over 30 days where one is not given
   * @throws ValidationFailedError for a range that is turned around or longer than 366 days
   */
  async getUsage(
    { userId }: Actor,
    range: { from?: string | undefined; to?: string | undefined },
  ): Promise<{ days: DayUsage[]; totals: Usage }> {
    const to = range.to ?? toDay(Date.now());
    const from = range.from ?? toDay(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS);
    if (from > to) throw new ValidationFailedError([{ field: 'from', message: 'from must not be after to' }]);
    if (Date.parse(to) - Date.parse(from) >= MAX_DAYS * DAY_MS) {
      throw new ValidationFailedError([{ field: 'from', message: `from must be at most ${MAX_DAYS - 1} days before to` }]);
    }
    const days = await this.database.run(read, [userId, from, to]);
    const sum = (part: keyof Usage) => days.reduce((total, day) => total + day[part], 0);
    return {
      days,
      totals: {
        messages: sum('messages'),
        input_tokens: sum('input_tokens'),
        output_tokens: sum('output_tokens'),
        cost_micros: sum('cost_micros'),
      },
    };
  }
}
