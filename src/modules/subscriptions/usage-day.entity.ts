import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The messages that were charged to a user on a UTC day. */
@Entity('usage_days')
@Index('ix_usage_days_day', ['day'])
@Check('ck_usage_days_messages', `messages >= 0`)
@Check('ck_usage_days_carried', `carried >= 0`)
export class UsageDayEntity {
  @ForeignKey('UserEntity', { name: 'fk_usage_days_user', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'user_id', type: 'uuid', primaryKeyConstraintName: 'pk_usage_days' })
  userId!: string;

  @PrimaryColumn({ type: 'date', primaryKeyConstraintName: 'pk_usage_days' })
  day!: string;

  @Column({ type: 'integer' })
  messages!: number;

  /** The part of them that was charged to an erased account with the same number. */
  @Column({ type: 'integer', default: 0 })
  carried!: number;
}
