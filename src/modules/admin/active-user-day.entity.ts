import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Number of users with an accepted message on a past UTC day. */
@Entity('active_user_days')
export class ActiveUserDayEntity {
  @PrimaryColumn('date', { primaryKeyConstraintName: 'pk_active_user_days' })
  day!: string;

  @Column('integer')
  users!: number;
}
