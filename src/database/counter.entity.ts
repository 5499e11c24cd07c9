import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('counters')
@Check('ck_counters_count', `count >= 0`)
export class CounterEntity {
  @PrimaryColumn({ type: 'bytea', primaryKeyConstraintName: 'pk_counters' })
  key!: Buffer;

  @Column({ type: 'integer' })
  count!: number;

  @Index('ix_counters_window_ends_at')
  @Column({ name: 'window_ends_at', type: 'timestamptz', precision: 3 })
  windowEndsAt!: Date;
}
