import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { PlansService } from '../../subscriptions/index.js';
import { PricesService } from './prices.service.js';

/**
 * SQL of assignments to a row of `users`, which add a cost to that of a day. The row keeps the newest day only.
 *
 * @param day SQL of a UTC day @param micros SQL of a cost in millionths of a US dollar
 */
export const spendOn = (day: string, micros: string): string => `spent_day = greatest(users.spent_day, ${day}),
       spent_micros = CASE WHEN users.spent_day > ${day} THEN users.spent_micros WHEN users.spent_day = ${day} THEN users.spent_micros + ${micros} ELSE ${micros} END`;

/** Search queries that count as the most of one reply. */
const SEARCHES_OF_A_REPLY = 10;

/**
 * PRO_DAILY_COST_USD. A message is accepted while the cost of the user's finished replies of the day, and for each
 * unfinished reply the most that it may cost, are together below the limit. So the day's cost exceeds the limit by less
 * than one reply may cost, however many messages are sent at once, and a user without unfinished replies has the whole
 * limit.
 */
@Injectable()
export class FairUseService {
  /** In millionths of a US dollar a user and UTC day; null for no limit. */
  readonly limitMicros: number | null;
  /**
   * What a reply of the Pro plan costs at most, by its dearest model: the whole history, the longest thoughts and
   * answer, and its searches.
   */
  readonly replyMicros: number;

  constructor(plans: PlansService, prices: PricesService, @InjectConfig() { PRO_DAILY_COST_USD }: Config) {
    this.limitMicros = PRO_DAILY_COST_USD === undefined ? null : Math.round(PRO_DAILY_COST_USD * 1_000_000);
    const { models, maxOutputTokens } = plans.limitsOf('pro');
    const costs = models.map(({ id }) => {
      const { historyTokens } = plans.historyOf('pro', id);
      const reasoningTokens = plans.maxReasoningTokensOf('pro', id);
      const searches = plans.capabilitiesOf('pro', id).webSearch ? SEARCHES_OF_A_REPLY : 0;
      return prices.costOf(id, { inputTokens: historyTokens, outputTokens: maxOutputTokens, reasoningTokens, searches });
    });
    this.replyMicros = Math.max(...costs);
  }
}
