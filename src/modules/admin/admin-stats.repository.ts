import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Raw, type Repository } from 'typeorm';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { GrantEntity, SubscriptionEntity } from '../subscriptions/index.js';

// Each count reads an index of its own and no rows of a table.
const countUsers = statement({
  name: 'admin_stats_users',
  parameters: { from: 'timestamptz', to: 'timestamptz' },
  columns: { total: 'int4', verified: 'int4', disabled: 'int4', administrators: 'int4', pro: 'int4', new: 'int4' },
  text: `WITH everybody AS MATERIALIZED (SELECT count(*)::integer AS total FROM users)
   SELECT total, total - (SELECT count(*)::integer FROM users WHERE verified_at IS NULL) AS verified,
     (SELECT count(*)::integer FROM users WHERE disabled_at IS NOT NULL) AS disabled,
     (SELECT count(*)::integer FROM users WHERE role = 'admin') AS administrators,
     (SELECT count(*)::integer FROM (
        SELECT user_id FROM subscriptions WHERE entitled_until > now()
        UNION SELECT user_id FROM grants WHERE entitled_until > now() AND revoked_at IS NULL
      ) entitled) AS pro,
     (SELECT count(*)::integer FROM users WHERE created_at >= :from AND created_at < :to) AS new
   FROM everybody`,
});

/** Users now; `new` counts those who signed up in the period. */
export type UserStats = NonNullable<typeof countUsers.row>;

// A day is counted when it is first asked for, and kept. A message that was sent before the end of a day may still be
// on its way into the database for an hour and a day.
const keepActiveUsers = statement({
  name: 'active_user_days_keep',
  parameters: { first: 'date', last: 'date' },
  text: `INSERT INTO active_user_days (day, users)
   SELECT days.day, (SELECT count(*) FROM usage_days u WHERE u.day = days.day)
   FROM (SELECT d::date AS day FROM generate_series(:first::date, :last::date, interval '1 day') d) days
   WHERE (days.day + interval '1 day 1 hour') AT TIME ZONE 'UTC' < now()
     AND NOT EXISTS (SELECT 1 FROM active_user_days k WHERE k.day = days.day)
   ON CONFLICT ON CONSTRAINT pk_active_user_days DO NOTHING`,
});

const listActiveUsers = statement({
  name: 'active_user_days_list',
  parameters: { first: 'date', last: 'date' },
  columns: { day: 'text', users: 'int4' },
  text: `SELECT to_char(d, 'YYYY-MM-DD') AS day,
     coalesce(k.users, (SELECT count(*)::integer FROM usage_days u WHERE u.day = d::date)) AS users
   FROM generate_series(:first::date, :last::date, interval '1 day') d LEFT JOIN active_user_days k ON k.day = d::date
   ORDER BY d`,
});

/** Users with an accepted message on a UTC day. */
export type ActiveUsers = NonNullable<typeof listActiveUsers.row>;

// Every day of the period, from an index alone.
const listSignUps = statement({
  name: 'admin_stats_sign_ups',
  parameters: { first: 'date', last: 'date' },
  columns: { day: 'text', users: 'int4' },
  text: `SELECT to_char(d, 'YYYY-MM-DD') AS day, coalesce(s.users, 0) AS users
   FROM generate_series(:first::date, :last::date, interval '1 day') d LEFT JOIN (
     SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*)::integer AS users FROM users
     WHERE created_at >= :first::date::timestamp AT TIME ZONE 'UTC' AND created_at < (:last::date + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY 1
   ) s ON s.day = d::date
   ORDER BY d`,
});

/** Users who signed up on a UTC day. */
export type SignUps = NonNullable<typeof listSignUps.row>;

export interface StatusCount {
  readonly status: string;
  readonly count: number;
}

/** Counts users, subscriptions and grants without reading a message. */
@Injectable()
export class AdminStatsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(SubscriptionEntity) private readonly subscriptions: Repository<SubscriptionEntity>,
    @InjectRepository(GrantEntity) private readonly grants: Repository<GrantEntity>,
  ) {}

  async countUsers(from: Date, to: Date): Promise<UserStats> {
    const [row] = await this.database.run(countUsers, { from, to });
    if (!row) throw new Error('admin_stats_users returns one row');
    return row;
  }

  /** Subscriptions at Stripe, by Stripe's status. */
  countSubscriptions(): Promise<StatusCount[]> {
    return this.subscriptions
      .createQueryBuilder('s')
      .select('s.status', 'status')
      .addSelect('count(*)::integer', 'count')
      .groupBy('s.status')
      .orderBy('s.status')
      .getRawMany<StatusCount>();
  }

  countLiveGrants(): Promise<number> {
    return this.grants.countBy({ revokedAt: IsNull(), entitledUntil: Raw((column) => `${column} > now()`) });
  }

  /** Sign-ups of each UTC day from the first to the last, both included. */
  listSignUps(first: string, last: string): Promise<SignUps[]> {
    return this.database.run(listSignUps, { first, last });
  }

  /** Active users of each UTC day from the first to the last, both included. */
  async listActiveUsers(first: string, last: string): Promise<ActiveUsers[]> {
    await this.database.run(keepActiveUsers, { first, last });
    return this.database.run(listActiveUsers, { first, last });
  }
}
