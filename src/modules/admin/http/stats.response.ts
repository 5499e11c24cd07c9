import { ApiProperty } from '@nestjs/swagger';
import type { Stats } from '../admin-stats.service.js';

class UserFiguresResponse {
  @ApiProperty({ type: 'integer', example: 4_210 })
  readonly total!: number;

  @ApiProperty({ type: 'integer', example: 3_987 })
  readonly verified!: number;

  @ApiProperty({ type: 'integer', example: 12 })
  readonly disabled!: number;

  @ApiProperty({ type: 'integer', example: 2 })
  readonly administrators!: number;

  @ApiProperty({ type: 'integer', description: 'Users on Pro now, paid or granted.', example: 318 })
  readonly pro!: number;

  @ApiProperty({ type: 'integer', description: 'Users who signed up in the period.', example: 401 })
  readonly new!: number;
}

class ActiveUsersResponse {
  @ApiProperty({ format: 'date', description: 'UTC.', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ type: 'integer', description: 'Users with an accepted message.', example: 731 })
  readonly users!: number;
}

class SignUpsResponse {
  @ApiProperty({ format: 'date', description: 'UTC.', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ type: 'integer', description: 'Users who signed up and are still there.', example: 14 })
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

  @ApiProperty({ type: 'integer', description: 'Accepted messages.', example: 402 })
  readonly messages!: number;

  @ApiProperty({ type: 'integer', description: 'Tokens of all calls: input, output and reasoning.', example: 210_400 })
  readonly tokens!: number;

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
  @ApiProperty({ type: PercentilesResponse, description: 'Milliseconds from acceptance to the first token of the text.' })
  readonly first_token!: PercentilesResponse;

  @ApiProperty({
    type: PercentilesResponse,
    description: 'Milliseconds from acceptance to the first thought that is shown, of the replies with thoughts.',
  })
  readonly first_thought!: PercentilesResponse;

  @ApiProperty({ type: PercentilesResponse, description: 'Milliseconds from acceptance to the finished reply.' })
  readonly total!: PercentilesResponse;
}

class ModelFiguresResponse {
  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly model!: string;

  @ApiProperty({ type: 'integer', description: 'Calls for replies, titles and summaries; failed attempts count.', example: 10_566 })
  readonly calls!: number;

  @ApiProperty({ type: 'integer', example: 4_120_400 })
  readonly input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 2_310_020 })
  readonly output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  readonly reasoning_tokens!: number;

  @ApiProperty({ type: 'integer', description: 'Queries of web searches.', example: 210 })
  readonly searches!: number;

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
  @ApiProperty({ type: [StatusFiguresResponse], description: 'Present subscriptions at Stripe, by Stripe’s status.' })
  readonly by_status!: StatusFiguresResponse[];

  @ApiProperty({ type: 'integer', description: 'Live grants of administrators.', example: 28 })
  readonly grants!: number;
}

class AmountResponse {
  @ApiProperty({
    type: 'integer',
    description: 'In the smallest unit of the currency, as Stripe writes it: https://docs.stripe.com/currencies.',
    example: 290_000,
  })
  readonly amount!: number;

  @ApiProperty({ example: 'usd' })
  readonly currency!: string;
}

class PriceRevenueResponse {
  @ApiProperty({ type: String, nullable: true, description: 'Stripe’s id of the price.', example: 'price_1SVb3hKvQ2T9Zz' })
  readonly price!: string | null;

  @ApiProperty({ type: 'integer', example: 145 })
  readonly invoices!: number;

  @ApiProperty({ type: 'integer', example: 290_000 })
  readonly paid!: number;

  @ApiProperty({ type: 'integer', example: 46_303 })
  readonly tax!: number;
}

class RevenueDayResponse {
  @ApiProperty({ format: 'date', description: 'UTC.', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ type: 'integer', example: 12_000 })
  readonly paid!: number;

  @ApiProperty({ type: 'integer', example: 2_000 })
  readonly refunded!: number;
}

class RevenueResponse {
  @ApiProperty({ description: 'The amounts are in its smallest unit. Currencies are never added together.', example: 'usd' })
  readonly currency!: string;

  @ApiProperty({ type: 'integer', description: 'Paid invoices, with tax.', example: 290_000 })
  readonly paid!: number;

  @ApiProperty({ type: 'integer', example: 46_303 })
  readonly tax!: number;

  @ApiProperty({ type: 'integer', example: 2_000 })
  readonly refunded!: number;

  @ApiProperty({ type: 'integer', description: '`paid` less `refunded`.', example: 288_000 })
  readonly net!: number;

  @ApiProperty({
    type: 'integer',
    description:
      'What the subscriptions that are active or past due now cost a month, whatever the period: a twelfth of annual prices, all units, less the discounts that go on, without tax.',
    example: 291_500,
  })
  readonly monthly_recurring!: number;

  @ApiProperty({ type: [PriceRevenueResponse] })
  readonly prices!: PriceRevenueResponse[];

  @ApiProperty({ type: [RevenueDayResponse], description: 'Days with a payment or a refund.' })
  readonly days!: RevenueDayResponse[];
}

class FeedbackFiguresResponse {
  @ApiProperty({ format: 'date', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly model!: string;

  @ApiProperty({ type: 'integer', example: 12 })
  readonly up!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly down!: number;
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

  @ApiProperty({ type: [SignUpsResponse] })
  readonly sign_ups!: SignUpsResponse[];

  @ApiProperty({ type: 'integer', description: 'Accepted messages.', example: 10_570 })
  readonly messages!: number;

  @ApiProperty({ type: ReplyFiguresResponse, description: 'Finished replies by outcome; a failed reply that was retried counts twice.' })
  readonly replies!: ReplyFiguresResponse;

  @ApiProperty({ type: 'integer', description: 'Attempts that gave no reply and were followed by another attempt.', example: 61 })
  readonly retries!: number;

  @ApiProperty({ type: [FeedbackFiguresResponse], description: 'Ratings of replies, by the day that they were given on and by model.' })
  readonly feedback!: FeedbackFiguresResponse[];

  @ApiProperty({ type: [DayFiguresResponse], description: 'Days with any activity.' })
  readonly days!: DayFiguresResponse[];

  @ApiProperty({ type: LatencyResponse, description: 'Latency of completed replies.' })
  readonly latency_ms!: LatencyResponse;

  @ApiProperty({ type: [ModelFiguresResponse] })
  readonly models!: ModelFiguresResponse[];

  @ApiProperty({ description: 'Estimated.', example: 12.4 })
  readonly cost_usd!: number;

  @ApiProperty({ type: [FailureResponse], description: 'Failed replies by error code, the most frequent code first.' })
  readonly failures!: FailureResponse[];

  @ApiProperty({ type: SubscriptionFiguresResponse })
  readonly subscriptions!: SubscriptionFiguresResponse;

  @ApiProperty({
    type: AmountResponse,
    nullable: true,
    description:
      'Monthly revenue of the subscriptions that are active or past due now, in the currency of the default price; `revenue` has that of all currencies in `monthly_recurring`. Null without Stripe, and while the default price is not known.',
  })
  readonly monthly_recurring_revenue!: AmountResponse | null;

  @ApiProperty({
    type: [RevenueResponse],
    description:
      'Payments and refunds of the period by currency and price, and the monthly revenue of now. Payments are told as the events of Stripe report them; events are kept for RETAIN_STRIPE_EVENTS; those of erased accounts are not counted.',
  })
  readonly revenue!: RevenueResponse[];
}

const toUsd = (micros: number): number => micros / 1_000_000;

const toLatency = ({ firstToken, firstThought, total }: Pick<Stats, 'firstToken' | 'firstThought' | 'total'>): LatencyResponse => ({
  first_token: firstToken,
  first_thought: firstThought,
  total,
});

export const toStatsResponse = (stats: Stats): StatsResponse => ({
  from: stats.from.toISOString(),
  to: stats.to.toISOString(),
  users: stats.users,
  active_users: [...stats.activeUsers],
  sign_ups: [...stats.signUps],
  messages: stats.messages,
  replies: stats.replies,
  retries: stats.retries,
  feedback: stats.feedback.map(({ day, model, up, down }) => ({ day, model, up, down })),
  days: stats.days.map(({ day, accepted, completed, failed, blocked, cancelled, tokens, cost_micros }) => ({
    day,
    messages: accepted,
    completed,
    failed,
    blocked,
    cancelled,
    tokens,
    cost_usd: toUsd(cost_micros),
  })),
  latency_ms: toLatency(stats),
  models: stats.models.map((model) => ({
    model: model.model,
    calls: model.calls,
    input_tokens: model.inputTokens,
    output_tokens: model.outputTokens,
    reasoning_tokens: model.reasoningTokens,
    searches: model.searches,
    cost_usd: toUsd(model.costMicros),
    latency_ms: toLatency(model),
  })),
  cost_usd: toUsd(stats.costMicros),
  failures: [...stats.failures],
  subscriptions: { by_status: [...stats.subscriptions], grants: stats.grants },
  monthly_recurring_revenue: stats.monthlyRevenue,
  revenue: stats.revenue.map(({ recurring, prices, days, ...sums }) => ({
    ...sums,
    monthly_recurring: recurring,
    prices: [...prices],
    days: [...days],
  })),
});
