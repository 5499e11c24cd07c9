import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The messages that were charged on a UTC day to an erased account with a verified number. */
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
