import { ApiProperty } from '@nestjs/swagger';
import type { Percentiles, Stats } from '../stats.service.js';
import { IsMoment } from './filter.fields.js';

export class StatsQuery {
  @IsMoment('The first hour. Default: the beginning of the 30 UTC days up to `to`.')
  readonly from?: Date;

  @IsMoment('The last hour, which is included. Default: now.')
  readonly to?: Date;
}

class UserFiguresResponse {
  @ApiProperty({ type: 'integer', example: 4_210 })
  readonly total!: number;

  @ApiProperty({ type: 'integer', example: 3_987 })
  readonly verified!: number;

  @ApiProperty({ type: 'integer', example: 12 })
  readonly disabled!: number;

  @ApiProperty({ type: 'integer', example: 2 })
  readonly administrators!: number;

  @ApiProperty({ type: 'integer', description: 'Whose plan is Pro now, paid for or granted.', example: 318 })
  readonly pro!: number;

  @ApiProperty({ type: 'integer', description: 'Signed up in the period.', example: 401 })
  readonly new!: number;
}

class ActiveUsersResponse {
  @ApiProperty({ format: 'date', description: 'UTC.', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ type: 'integer', description: 'Users who had a message accepted.', example: 731 })
  readonly users!: number;
}

class ReplyFiguresResponse {
  @ApiProperty({ type: 'integer', example: 10_411 })
  readonly completed!: number;

  @ApiProperty({ type: 'integer', example: 37 })
  readonly failed!: number;

  @ApiProperty({ type: 'integer', example: 20 })
  readonly blocked!: number;

  @ApiProperty({ type: 'integer', example: 98 })
  readonly cancelled!: number;
}

class DayFiguresResponse extends ReplyFiguresResponse {
  @ApiProperty({ format: 'date', description: 'UTC.', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ type: 'integer', description: 'Messages that were taken in.', example: 402 })
  readonly messages!: number;

  @ApiProperty({ description: 'Estimated.', example: 0.41 })
  readonly cost_usd!: number;
}

class PercentilesResponse {
  @ApiProperty({ type: 'integer', nullable: true, example: 640 })
  readonly p50!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 1_210 })
  readonly p90!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 1_800 })
  readonly p95!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 4_020 })
  readonly p99!: number | null;
}

class LatencyResponse {
  @ApiProperty({ type: PercentilesResponse, description: 'From acceptance to the first token, in milliseconds.' })
  readonly first_token!: PercentilesResponse;

  @ApiProperty({ type: PercentilesResponse, description: 'From acceptance to the end, in milliseconds.' })
  readonly total!: PercentilesResponse;
}

class ModelFiguresResponse {
  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly model!: string;

  @ApiProperty({ type: 'integer', description: 'For replies, titles and summaries; tries that failed count.', example: 10_566 })
  readonly calls!: number;

  @ApiProperty({ type: 'integer', example: 4_120_400 })
  readonly input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 2_310_020 })
  readonly output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly reasoning_tokens!: number;

  @ApiProperty({ description: 'Estimated.', example: 12.4 })
  readonly cost_usd!: number;

  @ApiProperty({ type: LatencyResponse })
  readonly latency_ms!: LatencyResponse;
}

class FailureResponse {
  @ApiProperty({ example: 'model_timeout' })
  readonly code!: string;

  @ApiProperty({ type: 'integer', example: 21 })
  readonly count!: number;
}

class StatusFiguresResponse {
  @ApiProperty({ example: 'active' })
  readonly status!: string;

  @ApiProperty({ type: 'integer', example: 290 })
  readonly count!: number;
}

class SubscriptionFiguresResponse {
  @ApiProperty({ type: [StatusFiguresResponse], description: 'At Stripe, by Stripe’s word, as they are now.' })
  readonly by_status!: StatusFiguresResponse[];

  @ApiProperty({ type: 'integer', description: 'Grants of administrators that hold now.', example: 28 })
  readonly grants!: number;
}

class AmountResponse {
  @ApiProperty({ type: 'integer', description: 'In the currency’s smallest unit.', example: 290_000 })
  readonly amount!: number;

  @ApiProperty({ example: 'usd' })
  readonly currency!: string;
}

export class StatsResponse {
  @ApiProperty({ format: 'date-time', example: '2026-10-24T00:00:00.000Z' })
  readonly from!: string;

  @ApiProperty({ format: 'date-time', description: 'Not included.', example: '2026-11-22T21:00:00.000Z' })
  readonly to!: string;

  @ApiProperty({ type: UserFiguresResponse })
  readonly users!: UserFiguresResponse;

  @ApiProperty({ type: [ActiveUsersResponse] })
  readonly active_users!: ActiveUsersResponse[];

  @ApiProperty({ type: 'integer', description: 'Messages that were taken in.', example: 10_570 })
  readonly messages!: number;

  @ApiProperty({ type: ReplyFiguresResponse, description: 'How replies ended; one that failed and was tried again has two ends.' })
  readonly replies!: ReplyFiguresResponse;

  @ApiProperty({ type: 'integer', description: 'Tries that gave no answer and were followed by another.', example: 61 })
  readonly retries!: number;

  @ApiProperty({ type: [DayFiguresResponse], description: 'Days on which anything happened.' })
  readonly days!: DayFiguresResponse[];

  @ApiProperty({ type: LatencyResponse, description: 'Of completed replies.' })
  readonly latency_ms!: LatencyResponse;

  @ApiProperty({ type: [ModelFiguresResponse] })
  readonly models!: ModelFiguresResponse[];

  @ApiProperty({ description: 'Estimated.', example: 12.4 })
  readonly cost_usd!: number;

  @ApiProperty({ type: [FailureResponse], description: 'Replies that failed, the most frequent code first.' })
  readonly failures!: FailureResponse[];

  @ApiProperty({ type: SubscriptionFiguresResponse })
  readonly subscriptions!: SubscriptionFiguresResponse;

  @ApiProperty({
    type: AmountResponse,
    nullable: true,
    description:
      'What subscriptions that are active or past due bring in a month, at the price that new ones pay; null where that is not known.',
  })
  readonly monthly_recurring_revenue!: AmountResponse | null;
}

const toUsd = (micros: number): number => micros / 1_000_000;

const toLatency = ({ firstToken, total }: { firstToken: Percentiles; total: Percentiles }): LatencyResponse => ({
  first_token: firstToken,
  total,
});

export const toStatsResponse = (stats: Stats): StatsResponse => ({
  from: stats.from.toISOString(),
  to: stats.to.toISOString(),
  users: stats.users,
  active_users: [...stats.activeUsers],
  messages: stats.messages,
  replies: stats.replies,
  retries: stats.retries,
  days: stats.days.map(({ day, accepted, completed, failed, blocked, cancelled, cost_micros }) => ({
    day,
    messages: accepted,
    completed,
    failed,
    blocked,
    cancelled,
    cost_usd: toUsd(cost_micros),
  })),
  latency_ms: toLatency(stats),
  models: stats.models.map((model) => ({
    model: model.model,
    calls: model.calls,
    input_tokens: model.inputTokens,
    output_tokens: model.outputTokens,
    reasoning_tokens: model.reasoningTokens,
    cost_usd: toUsd(model.costMicros),
    latency_ms: toLatency(model),
  })),
  cost_usd: toUsd(stats.costMicros),
  failures: [...stats.failures],
  subscriptions: { by_status: [...stats.subscriptions], grants: stats.grants },
  monthly_recurring_revenue: stats.monthlyRevenue,
});
