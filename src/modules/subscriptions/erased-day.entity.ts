import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** Messages that an erased account with this verified number was charged on a UTC day. */
@Entity('erased_days')
@Check('ck_erased_days_messages', `messages > 0`)
@Check('ck_erased_days_number_hash', `octet_length(number_hash) = 32`)
export class ErasedDayEntity {
  @PrimaryColumn({ type: 'date', primaryKeyConstraintName: 'pk_erased_days' })
  day!: string;

  @PrimaryColumn({ name: 'number_hash', type: 'bytea', primaryKeyConstraintName: 'pk_erased_days' })
  numberHash!: Buffer;

  @Column({ type: 'integer' })
  messages!: number;
}
