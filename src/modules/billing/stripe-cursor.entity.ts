import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The position up to which a list of Stripe's was read. */
@Entity('stripe_cursors')
export class StripeCursorEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'pk_stripe_cursors' })
  name!: string;

  /** The time of Stripe's clock. */
  @Column({ name: 'seen_until', type: 'timestamptz', precision: 3 })
  seenUntil!: Date;
}
