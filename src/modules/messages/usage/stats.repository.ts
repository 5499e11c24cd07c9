import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { columnsOf } from '../../../database/entity-columns.js';
import type { RowOf } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { LATENCY_CLASSES } from './latency.js';
import { ModelHourEntity } from './model-hour.entity.js';

/** The hours from the one that holds `from` to the one before that holds `to`. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

const PERIOD = { from: 'timestamptz', to: 'timestamptz' } as const;
const IN_PERIOD = `hour >= date_trunc('hour', :from::timestamptz, 'UTC') AND hour < date_trunc('hour', :to::timestamptz, 'UTC')`;

const OUTCOME = columnsOf(ModelHourEntity, ['model', 'purpose', 'outcome', 'reason']);
const TOTAL = {
  ...OUTCOME.columns,
  count: 'float8',
  input_tokens: 'float8',
  output_tokens: 'float8',
  reasoning_tokens: 'float8',
  searches: 'float8',
  cost_micros: 'float8',
} as const;

/** The sums over a model's calls of one purpose, outcome and reason. ModelHourEntity describes the columns. */
export type ModelTotal = RowOf<typeof TOTAL>;

const totals = statement({
  name: 'stats_totals',
  parameters: PERIOD,
  columns: TOTAL,
  text: `SELECT ${OUTCOME.sql()}, sum(count)::float8 AS count, sum(input_tokens)::float8 AS input_tokens,
     sum(output_tokens)::float8 AS output_tokens, sum(reasoning_tokens)::float8 AS reasoning_tokens,
     sum(searches)::float8 AS searches, sum(cost_micros)::float8 AS cost_micros
   FROM model_hours WHERE ${IN_PERIOD} GROUP BY model, purpose, outcome, reason ORDER BY model, purpose, outcome, reason`,
});

const HOUR = {
  hour: 'timestamptz',
  accepted: 'float8',
  completed: 'float8',
  failed: 'float8',
  blocked: 'float8',
  cancelled: 'float8',
  tokens: 'float8',
  cost_micros: 'float8',
} as const;

/** The replies of an hour by their outcome, and tokens and cost of all calls, over all models. */
export type HourTotal = RowOf<typeof HOUR>;

const repliesWith = (outcome: ModelHourEntity['outcome']) =>
  `coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = '${outcome}'), 0)::float8 AS ${outcome}`;

const hours = statement({
  name: 'stats_hours',
  parameters: PERIOD,
  columns: HOUR,
  text: `SELECT hour, ${repliesWith('accepted')}, ${repliesWith('completed')}, ${repliesWith('failed')}, ${repliesWith('blocked')},
     ${repliesWith('cancelled')}, sum(input_tokens + output_tokens + reasoning_tokens)::float8 AS tokens, sum(cost_micros)::float8 AS cost_micros
   FROM model_hours WHERE ${IN_PERIOD} GROUP BY hour ORDER BY hour`,
});

/** Histograms of the completed replies of a model, in the classes of latency.ts. */
export interface ModelLatencies {
  readonly firstToken: readonly number[];
  /** Only replies with thoughts count. */
  readonly firstThought: readonly number[];
  readonly total: readonly number[];
}

// Element by element: unnesting the arrays would make thirty rows of each.
const sumOf = (column: string): string =>
  `ARRAY[${Array.from({ length: LATENCY_CLASSES }, (_, i) => `sum(${column}[${i + 1}])`).join(', ')}]::float8[]`;

const latencies = statement({
  name: 'stats_latencies',
  parameters: PERIOD,
  columns: { model: 'text', first_token: 'float8[]', first_thought: 'float8[]', total: 'float8[]' },
  text: `SELECT model, ${sumOf('first_token_counts')} AS first_token, ${sumOf('first_thought_counts')} AS first_thought,
     ${sumOf('total_counts')} AS total
   FROM model_hours WHERE ${IN_PERIOD} AND purpose = 'reply' AND outcome = 'completed' GROUP BY model`,
});

/** Stats from the hourly roll-ups. They stay right when messages are deleted, and no query reads a message. */
@Injectable()
export class StatsRepository {
  constructor(private readonly database: Database) {}

  async totals(period: Period): Promise<ModelTotal[]> {
    return this.database.run(totals, period);
  }

  /** The hours with any call or accepted message, oldest first. */
  async hours(period: Period): Promise<HourTotal[]> {
    return this.database.run(hours, period);
  }

  /** Histograms by model, which `percentile` reads. */
  async latencies(period: Period): Promise<Map<string, ModelLatencies>> {
    const rows = await this.database.run(latencies, period);
    return new Map(
      rows.map(({ model, first_token: firstToken, first_thought: firstThought, total }) => [model, { firstToken, firstThought, total }]),
    );
  }
}
