import { ApiProperty } from '@nestjs/swagger';
import type { DailyModelUsage, ModelUsage } from '../usage/usage.service.js';

class UsageTotals {
  @ApiProperty({ type: 'integer', description: 'Replies that were charged and not refunded.', example: 5 })
  readonly messages!: number;

  @ApiProperty({ type: 'integer', example: 1_200 })
  readonly input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 3_400 })
  readonly output_tokens!: number;

  @ApiProperty({ type: 'integer', description: 'Queries of web searches.', example: 3 })
  readonly searches!: number;

  @ApiProperty({
    description: 'Estimated, in US dollars. Thinking costs the same as output; each search query has its price.',
    example: 0.00886,
  })
  readonly cost_usd!: number;
}

class UsageOfDay extends UsageTotals {
  @ApiProperty({ format: 'date', description: 'The UTC day that the messages were charged to.', example: '2026-11-22' })
  readonly day!: string;

  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly model!: string;
}

export class UsageReport {
  @ApiProperty({ type: [UsageOfDay], description: 'Oldest day first; days without messages are left out.' })
  readonly data!: UsageOfDay[];

  @ApiProperty({ type: UsageTotals })
  readonly totals!: UsageTotals;
}

const toTotals = ({ messages, inputTokens, outputTokens, searches, costMicros }: ModelUsage) => ({
  messages,
  input_tokens: inputTokens,
  output_tokens: outputTokens,
  searches,
  cost_usd: costMicros / 1_000_000,
});

export const toUsageReport = ({ days, totals }: { days: readonly DailyModelUsage[]; totals: ModelUsage }): UsageReport => ({
  data: days.map((usage) => ({ day: usage.day, model: usage.model, ...toTotals(usage) })),
  totals: toTotals(totals),
});
