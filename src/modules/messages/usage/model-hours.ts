import { LATENCY_BOUNDS, LATENCY_CLASSES } from './latency.js';

/** Expressions of SQL; latencies are in milliseconds. */
interface Count {
  /** A relation with one row for each thing to count. */
  readonly from: string;
  /** How many things a row stands for; default: one. */
  readonly count?: string;
  /** A UUID whose random end chooses the shard. */
  readonly id: string;
  readonly model: string;
  readonly purpose: string;
  readonly outcome: string;
  readonly reason: string;
  readonly tokens?: readonly [input: string, output: string, reasoning: string];
  readonly searches?: string;
  readonly costMicros?: string;
  readonly firstTokenMs?: string;
  /** Null for a reply without thoughts. */
  readonly firstThoughtMs?: string;
  readonly totalMs?: string;
}

const SHARDS = 8;
const BOUNDS = `ARRAY[${LATENCY_BOUNDS.join(', ')}]::integer[]`;
const NOTHING = `array_fill(0, ARRAY[${LATENCY_CLASSES}])`;

const histogram = (ms: string | undefined): string =>
  ms === undefined
    ? NOTHING
    : `ARRAY(SELECT coalesce((class = width_bucket(greatest(0, least(1000000000, ${ms}))::integer, ${BOUNDS}))::integer, 0) FROM generate_series(0, ${LATENCY_CLASSES - 1}) AS class)`;

const histogramOrNothing = (ms: string | undefined): string =>
  ms === undefined ? NOTHING : `CASE WHEN ${ms} IS NULL THEN ${NOTHING} ELSE ${histogram(ms)} END`;

const sum = (column: string): string => `${column} = ${added(column)}`;

const added = (column: string): string =>
  `ARRAY(SELECT a + b FROM unnest(h.${column}, excluded.${column}) WITH ORDINALITY AS both_of(a, b, i) ORDER BY i)`;

/**
 * SQL of an INSERT that counts something in the hour of its transaction. It is a part of the statement whose effect is
 * counted, and takes that statement's last lock, so that a row that others wait for is locked for no longer than the
 * commit takes.
 */
export function countInHour(count: Count): string {
  const [input, output, reasoning] = count.tokens ?? ['0', '0', '0'];
  return `INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
       searches, cost_micros, first_token_counts, first_thought_counts, total_counts)
     SELECT date_trunc('hour', now(), 'UTC'), ${count.model}, ${count.purpose}, ${count.outcome}, ${count.reason},
       get_byte(uuid_send(${count.id}), 15) % ${SHARDS}, ${count.count ?? '1'}, ${input}, ${output}, ${reasoning}, ${count.searches ?? '0'},
       ${count.costMicros ?? '0'}, ${histogram(count.firstTokenMs)}, ${histogramOrNothing(count.firstThoughtMs)}, ${histogram(count.totalMs)}
     FROM ${count.from}
     ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
       input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
       reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens,
       searches = h.searches + excluded.searches, cost_micros = h.cost_micros + excluded.cost_micros${
         count.totalMs === undefined
           ? ''
           : `, ${sum('first_token_counts')}, ${sum('total_counts')},
       first_thought_counts = CASE WHEN excluded.first_thought_counts = ${NOTHING} THEN h.first_thought_counts ELSE ${added('first_thought_counts')} END`
       }`;
}
