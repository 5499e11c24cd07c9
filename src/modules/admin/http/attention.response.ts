import { ApiProperty } from '@nestjs/swagger';
import type { Attention } from '../attention.service.js';

class OldestReplyResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a' })
  readonly message_id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ example: 'ada.lovelace' })
  readonly username!: string;

  @ApiProperty({ enum: ['pending', 'streaming'], example: 'pending' })
  readonly status!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

class ModelStateResponse {
  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly model!: string;

  @ApiProperty({ type: 'integer', description: 'Replies in this hour and the one before, like the next two figures.', example: 410 })
  readonly completed!: number;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly failed!: number;

  @ApiProperty({ type: 'integer', description: 'Attempts that gave no reply and were followed by another attempt.', example: 12 })
  readonly retried!: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when no worker calls the model, because Gemini asked to wait.',
    example: null,
  })
  readonly paused_until!: string | null;
}

class EventBacklogResponse {
  @ApiProperty({ type: 'integer', description: 'Events that wait to be processed.', example: 2 })
  readonly waiting!: number;

  @ApiProperty({ type: 'integer', description: 'Those among them whose last attempt failed.', example: 0 })
  readonly failing!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:03.120Z' })
  readonly oldest_waiting_at!: string | null;
}

class DayBudgetResponse {
  @ApiProperty({ description: 'The estimated cost of all calls on this UTC day.', example: 1.72 })
  readonly spent_usd!: number;

  @ApiProperty({ type: Number, nullable: true, description: '`GEMINI_DAILY_BUDGET_USD`; null without one.', example: 20 })
  readonly limit_usd!: number | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-23T00:00:00.000Z' })
  readonly resets_at!: string;
}

export class AttentionResponse {
  @ApiProperty({ type: OldestReplyResponse, nullable: true, description: 'The unfinished reply that was accepted first.' })
  readonly oldest_unfinished_reply!: OldestReplyResponse | null;

  @ApiProperty({ type: [ModelStateResponse] })
  readonly models!: ModelStateResponse[];

  @ApiProperty({ type: EventBacklogResponse })
  readonly webhook_events!: EventBacklogResponse;

  @ApiProperty({ type: 'integer', description: 'Refunds that Stripe has refused so far, counted up to 100.', example: 1 })
  readonly owed_refunds!: number;

  @ApiProperty({ type: 'integer', description: 'Customers whose state at Stripe was not read in time, counted up to 100.', example: 0 })
  readonly overdue_customers!: number;

  @ApiProperty({ type: DayBudgetResponse })
  readonly budget!: DayBudgetResponse;
}

export const toAttentionResponse = ({
  oldestReply,
  models,
  events,
  owedRefunds,
  overdueCustomers,
  budget,
}: Attention): AttentionResponse => ({
  oldest_unfinished_reply: oldestReply && {
    message_id: oldestReply.message_id,
    user_id: oldestReply.user_id,
    username: oldestReply.username,
    status: oldestReply.status,
    created_at: oldestReply.created_at.toISOString(),
  },
  models: models.map(({ model, completed, failed, retried, paused_until }) => ({
    model,
    completed,
    failed,
    retried,
    paused_until: paused_until?.toISOString() ?? null,
  })),
  webhook_events: {
    waiting: events.waiting,
    failing: events.failing,
    oldest_waiting_at: events.oldest_waiting_at?.toISOString() ?? null,
  },
  owed_refunds: owedRefunds,
  overdue_customers: overdueCustomers,
  budget: {
    spent_usd: budget.spentMicros / 1_000_000,
    limit_usd: budget.limitMicros === null ? null : budget.limitMicros / 1_000_000,
    resets_at: budget.resetsAt.toISOString(),
  },
});
