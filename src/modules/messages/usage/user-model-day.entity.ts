import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

const KEY = { primaryKeyConstraintName: 'pk_user_model_days' } as const;

/** Usage of one model by a user's replies, on the UTC day that each was charged to. */
@Entity('user_model_days')
export class UserModelDayEntity {
  @ForeignKey('UserEntity', { name: 'fk_user_model_days_user', onDelete: 'CASCADE' })
  @PrimaryColumn({ type: 'uuid', name: 'user_id', ...KEY })
  userId!: string;

  @PrimaryColumn({ type: 'date', ...KEY })
  day!: string;

  @PrimaryColumn({ type: 'text', ...KEY })
  model!: string;

  /** Replies that were not refunded. */
  @Column({ type: 'integer' })
  messages!: number;

  @Column({ type: 'bigint', name: 'input_tokens' })
  inputTokens!: string;

  @Column({ type: 'bigint', name: 'output_tokens' })
  outputTokens!: string;

  @Column({ type: 'bigint', name: 'reasoning_tokens' })
  reasoningTokens!: string;

  /** Search queries. */
  @Column({ type: 'bigint', default: 0 })
  searches!: string;

  @Column({ type: 'bigint', name: 'cost_micros' })
  costMicros!: string;
}
