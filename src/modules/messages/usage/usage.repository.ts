import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between, type Repository } from 'typeorm';
import { Database } from '../../../database/database.js';
import type { RowOf } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { UserModelDayEntity } from './user-model-day.entity.js';

const SPENDING = { micros: 'float8', now: 'timestamptz', resets_at: 'timestamptz' } as const;

/** The estimated cost of the current UTC day in millionths of a US dollar, the time, and the end of the day. */
export type Spending = RowOf<typeof SPENDING>;

// The day is that of the database's clock, which all processes share.
const spentToday = statement({
  name: 'usage_spent_today',
  columns: SPENDING,
  text: `SELECT coalesce(sum(cost_micros), 0)::float8 AS micros, now()::timestamptz(3) AS now,
     date_trunc('day', now(), 'UTC') + interval '1 day' AS resets_at
   FROM model_hours WHERE hour >= date_trunc('day', now(), 'UTC')`,
});

@Injectable()
export class UsageRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(UserModelDayEntity) private readonly userModelDays: Repository<UserModelDayEntity>,
  ) {}

  /** A user's usage by day and model, oldest first. @param from first and @param to last UTC day as YYYY-MM-DD */
  async findDays(userId: string, { from, to }: { readonly from: string; readonly to: string }): Promise<UserModelDayEntity[]> {
    return this.userModelDays.find({ where: { userId, day: Between(from, to) }, order: { day: 'ASC', model: 'ASC' } });
  }

  /** The spending of the service on models in the current UTC day. */
  async spentToday(): Promise<Spending> {
    const [row] = await this.database.run(spentToday, {});
    if (!row) throw new Error('The sum of the spending has no row.');
    return row;
  }
}
