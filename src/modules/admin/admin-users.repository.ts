import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository, SelectQueryBuilder } from 'typeorm';
import type { Plan, Role } from '../../common/actor.js';
import { isId } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { UserEntity } from '../users/index.js';
import { addConditions, addPage, type Conditions, type ListOrder, NEWEST_FIRST, OLDEST_FIRST, selectProperties } from './list-query.js';

const PROPERTIES = ['id', 'username', 'email', 'mobileNumber', 'role', 'disabledAt', 'createdAt'] as const;

/** A user as administrators see it. */
export interface Account extends Readonly<Pick<UserEntity, (typeof PROPERTIES)[number]>> {
  readonly isVerified: boolean;
  readonly hasPassword: boolean;
  readonly plan: Plan;
}

export interface AccountFilter {
  /** Part of a username, mobile number or e-mail address, or a whole id. */
  readonly q?: string | undefined;
  readonly role?: Role | undefined;
  readonly disabled?: 'true' | 'false' | undefined;
  readonly verified?: 'true' | 'false' | undefined;
  readonly plan?: Plan | undefined;
}

const CONDITIONS: Conditions<AccountFilter> = {
  q: (q) => (isId(q) ? 'u.id = :q' : '(u.username LIKE :pattern OR u.mobileNumber LIKE :pattern OR u.email LIKE :pattern)'),
  role: 'u.role = :role',
  disabled: (word) => (word === 'true' ? 'u.disabledAt IS NOT NULL' : 'u.disabledAt IS NULL'),
  verified: (word) => (word === 'true' ? 'u.verifiedAt IS NOT NULL' : 'u.verifiedAt IS NULL'),
  plan: 'p.plan = :plan',
};

const ORDERS = {
  '-created_at': NEWEST_FIRST,
  created_at: OLDEST_FIRST,
  username: { by: ['username'], direction: 'ASC' },
  '-username': { by: ['username'], direction: 'DESC' },
} as const satisfies Readonly<Record<string, ListOrder<keyof UserEntity>>>;

export type AccountSort = keyof typeof ORDERS;
export const ACCOUNT_SORTS = Object.keys(ORDERS) as AccountSort[];

export const isByUsername = (sort: AccountSort): boolean => ORDERS[sort].by[0] === 'username';

/** The key of a page that starts after this row. */
export const accountKey = (sort: AccountSort, { username, createdAt, id }: Account): string[] =>
  isByUsername(sort) ? [username] : [createdAt.toISOString(), id];

const findStats = statement({
  name: 'admin_user_stats',
  parameters: { user_id: 'uuid' },
  columns: { unfinished_replies: 'int4', chatroom_count: 'int4', messages_today: 'int4', messages_30_days: 'int4' },
  text: `SELECT u.unfinished_replies,
     (SELECT count(*)::integer FROM chatrooms c WHERE c.user_id = u.id) AS chatroom_count,
     coalesce((SELECT d.messages FROM usage_days d WHERE d.user_id = u.id AND d.day = today.day), 0) AS messages_today,
     (SELECT coalesce(sum(d.messages), 0)::integer FROM usage_days d
       WHERE d.user_id = u.id AND d.day > today.day - 30) AS messages_30_days
   FROM users u, (SELECT (now() AT TIME ZONE 'UTC')::date AS day) today WHERE u.id = :user_id`,
});

/** Chatrooms and usage of a user. */
export type AccountStats = NonNullable<typeof findStats.row>;

/** Reads users with what other modules know about them. */
@Injectable()
export class AdminUsersRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(UserEntity) private readonly users: Repository<UserEntity>,
  ) {}

  async find(userId: string): Promise<Account | null> {
    return (await this.select().where('u.id = :userId', { userId }).getRawOne<Account>()) ?? null;
  }

  async findStats(userId: string): Promise<AccountStats | null> {
    return (await this.database.run(findStats, { user_id: userId }))[0] ?? null;
  }

  list(filter: AccountFilter, sort: AccountSort, page: PageRequest): Promise<Account[]> {
    const query = this.select();
    if (filter.plan !== undefined) query.innerJoin('user_plans', 'p', 'p.user_id = u.id');
    addConditions(query, CONDITIONS, filter);
    if (filter.q !== undefined) query.setParameter('pattern', `%${filter.q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`);
    return addPage(query, ORDERS[sort], page).getRawMany<Account>();
  }

  private select(): SelectQueryBuilder<UserEntity> {
    return (
      selectProperties(this.users.createQueryBuilder('u'), PROPERTIES)
        .addSelect('u.verifiedAt IS NOT NULL', 'isVerified')
        .addSelect('u.passwordHash IS NOT NULL', 'hasPassword')
        // A join would gather the plans of all users first; this reads the plans of the page alone.
        .addSelect((plan) => plan.select('own.plan').from('user_plans', 'own').where('own.user_id = u.id'), 'plan')
    );
  }
}
