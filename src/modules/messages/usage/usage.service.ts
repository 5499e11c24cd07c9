import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { ValidationFailedError } from '../../../common/errors/common.errors.js';
import { UsageRepository } from './usage.repository.js';

/** Usage of models by a user's replies. */
export interface ModelUsage {
  /** Replies that were charged and not refunded. */
  readonly messages: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly searches: number;
  /** Estimated, in millionths of a US dollar. */
  readonly costMicros: number;
}

export interface DailyModelUsage extends ModelUsage {
  /** A UTC day as YYYY-MM-DD. */
  readonly day: string;
  readonly model: string;
}

const MAX_DAYS = 366;
const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;

const toDay = (time: number): string => new Date(time).toISOString().slice(0, 10);

@Injectable()
export class UsageService {
  constructor(private readonly repository: UsageRepository) {}

  /**
   * The caller's usage by day and model, oldest first, and in total.
   *
   * @param range UTC days, both included. The default of `to` is today; `from` makes a range of 30 days.
   * @throws ValidationFailedError when `from` is after `to`, and for a range of more than 366 days
   */
  async getUsage(
    { userId }: Actor,
    range: { readonly from?: string | undefined; readonly to?: string | undefined },
  ): Promise<{ days: DailyModelUsage[]; totals: ModelUsage }> {
    const to = range.to ?? toDay(Date.now());
    const from = range.from ?? toDay(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS);
    if (from > to) throw new ValidationFailedError([{ field: 'from', message: 'from must not be after to' }]);
    if (Date.parse(to) - Date.parse(from) >= MAX_DAYS * DAY_MS) {
      throw new ValidationFailedError([{ field: 'from', message: `from must be at most ${MAX_DAYS - 1} days before to` }]);
    }
    const rows = await this.repository.findDays(userId, { from, to });
    const days = rows.map(({ day, model, messages, inputTokens, outputTokens, searches, costMicros }) => ({
      day,
      model,
      messages,
      inputTokens: Number(inputTokens),
      outputTokens: Number(outputTokens),
      searches: Number(searches),
      costMicros: Number(costMicros),
    }));
    const sum = (part: keyof ModelUsage) => days.reduce((total, day) => total + day[part], 0);
    return {
      days,
      totals: {
        messages: sum('messages'),
        inputTokens: sum('inputTokens'),
        outputTokens: sum('outputTokens'),
        searches: sum('searches'),
        costMicros: sum('costMicros'),
      },
    };
  }
}
