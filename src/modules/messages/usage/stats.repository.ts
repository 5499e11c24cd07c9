import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';
import { LATENCY_CLASSES } from './latency.js';
import type { ModelHourEntity } from './model-hour.entity.js';

/** From the beginning of the hour that holds `from`, to before the hour that holds `to`. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** Calls of one model with one end. What the entity says of its columns holds here. */
export interface ModelTotal extends Pick<ModelHourEntity, 'model' | 'purpose' | 'outcome' | 'reason'> {
  readonly count: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_micros: number;
}

/** One hour, all models. */
export interface HourTotal {
  readonly hour: Date;
  readonly accepted: number;
  readonly completed: number;
  readonly failed: number;
  readonly blocked: number;
  readonly cancelled: number;
  readonly cost_micros: number;
}

/** Histograms of the completed replies of a model, in the classes of latency.ts. */
export interface ModelLatencies {
  readonly firstToken: readonly number[];
  readonly total: readonly number[];
}

const SUMS = ['count', 'input_tokens', 'output_tokens', 'reasoning_tokens', 'cost_micros']
  .map((column) => `sum(${column})::float8 AS ${column}`)
  .join(', ');

const IN_PERIOD = `hour >= date_trunc('hour', $1::timestamptz, 'UTC') AND hour < date_trunc('hour', $2::timestamptz, 'UTC')`;

const totals = statement<ModelTotal>(
  'statistics_totals',
  `SELECT model, purpose, outcome, reason, ${SUMS} FROM model_hours WHERE ${IN_PERIOD} GROUP BY model, purpose, outcome, reason ORDER BY 1, 2, 3, 4`,
);

const countOf = (outcome: string) =>
  `coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = '${outcome}'), 0)::float8 AS ${outcome}`;

const hours = statement<HourTotal>(
  'statistics_hours',
  `SELECT hour, ${['accepted', 'completed', 'failed', 'blocked', 'cancelled'].map(countOf).join(', ')}, sum(cost_micros)::float8 AS cost_micros
   FROM model_hours WHERE ${IN_PERIOD} GROUP BY hour ORDER BY hour`,
);

// Place by place: taking the arrays apart would make thirty rows of each.
const sumOf = (column: string): string =>
  `ARRAY[${Array.from({ length: LATENCY_CLASSES }, (_, i) => `sum(${column}[${i + 1}])`).join(', ')}]::float8[]`;

const latencies = statement<{ model: string; first_token: number[]; total: number[] }>(
  'statistics_latencies',
  `SELECT model, ${sumOf('first_token_counts')} AS first_token, ${sumOf('total_counts')} AS total
   FROM model_hours WHERE ${IN_PERIOD} AND purpose = 'reply' AND outcome = 'completed' GROUP BY model`,
);

/** What the hourly roll-ups say: right for all times, and never a look at a message. */
@Injectable()
export class StatsRepository {
  constructor(private readonly database: Database) {}

  async totals({ from, to }: Period): Promise<ModelTotal[]> {
    return this.database.run(totals, [from, to]);
  }

  /** The hours in which anything happened, oldest first. */
  async hours({ from, to }: Period): Promise<HourTotal[]> {
    return this.database.run(hours, [from, to]);
  }

  /** By model; `percentile` reads the histograms. */
  async latencies({ from, to }: Period): Promise<Map<string, ModelLatencies>> {
    const rows = await this.database.run(latencies, [from, to]);
    return new Map(rows.map(({ model, first_token: firstToken, total }) => [model, { firstToken, total }]));
  }
}
