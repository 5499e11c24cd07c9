import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many users had a message accepted on a UTC day that is over. */
@Entity('active_user_days')
export class ActiveUserDayEntity {
  @PrimaryColumn('date', { primaryKeyConstraintName: 'pk_active_user_days' })
  day!: string;

  @Column('integer')
  users!: number;
}
