import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

const KEY = { primaryKeyConstraintName: 'pk_model_hours' } as const;

/** A shard of an hour's counts of a model, over all users. The sum over the shards is the count. */
@Entity('model_hours')
@Check('ck_model_hours_purpose', `purpose IN ('reply', 'title', 'summary')`)
@Check('ck_model_hours_outcome', `outcome IN ('accepted', 'completed', 'failed', 'blocked', 'cancelled', 'retried')`)
export class ModelHourEntity {
  @PrimaryColumn({ type: 'timestamptz', precision: 3, ...KEY })
  hour!: Date;

  @PrimaryColumn({ type: 'text', ...KEY })
  model!: string;

  @PrimaryColumn({ type: 'text', ...KEY })
  purpose!: 'reply' | 'title' | 'summary';

  /** `accepted` counts accepted messages, `retried` attempts without an answer, the others finished calls. */
  @PrimaryColumn({ type: 'text', ...KEY })
  outcome!: 'accepted' | 'completed' | 'failed' | 'blocked' | 'cancelled' | 'retried';

  /** The code of an error, else the finish reason; for `accepted`, the user's plan. */
  @PrimaryColumn({ type: 'text', ...KEY })
  reason!: string;

  @PrimaryColumn({ type: 'smallint', ...KEY })
  shard!: number;

  @Column({ type: 'bigint' })
  count!: string;

  @Column({ type: 'bigint', name: 'input_tokens' })
  inputTokens!: string;

  @Column({ type: 'bigint', name: 'output_tokens' })
  outputTokens!: string;

  @Column({ type: 'bigint', name: 'reasoning_tokens' })
  reasoningTokens!: string;

  /** Search queries. */
  @Column({ type: 'bigint', default: 0 })
  searches!: string;

  /** Estimated, in millionths of a US dollar. */
  @Column({ type: 'bigint', name: 'cost_micros' })
  costMicros!: string;

  /** Replies by the time from acceptance to the first token, in the classes of latency.ts. */
  @Column({ type: 'integer', array: true, name: 'first_token_counts' })
  firstTokenCounts!: number[];

  /** Replies with thoughts by the time from acceptance to the first thought, in the same classes. */
  @Column({ type: 'integer', array: true, name: 'first_thought_counts', default: () => 'array_fill(0, ARRAY[30])' })
  firstThoughtCounts!: number[];

  /** Replies by the time from acceptance to the end, in the same classes. */
  @Column({ type: 'integer', array: true, name: 'total_counts' })
  totalCounts!: number[];
}
