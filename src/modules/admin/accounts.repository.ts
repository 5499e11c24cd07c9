import { Injectable } from '@nestjs/common';
import type { Plan, Role } from '../../common/actor.js';
import { isId } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { ListQuery, type PageWish } from './list-query.js';

/** An account as administrators see it. */
export interface Account {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly mobile_number: string;
  readonly is_verified: boolean;
  readonly has_password: boolean;
  readonly role: Role;
  readonly plan: Plan;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
}

/** What there is of an account besides itself. */
export interface AccountFigures {
  readonly messages_today: number;
  readonly messages_30_days: number;
  readonly chatroom_count: number;
  readonly unfinished_replies: number;
}

export const ACCOUNT_SORTS = ['-created_at', 'created_at', 'username', '-username'] as const;
export type AccountSort = (typeof ACCOUNT_SORTS)[number];

export interface AccountFilter {
  /** Part of a username, number or address, or an id. */
  readonly q?: string | undefined;
  readonly role?: Role | undefined;
  readonly disabled?: 'true' | 'false' | undefined;
  readonly verified?: 'true' | 'false' | undefined;
  readonly plan?: Plan | undefined;
}

const COLUMNS = `u.id, u.username, u.email, u.mobile_number, u.verified_at IS NOT NULL AS is_verified, u.password_hash IS NOT NULL AS has_password,
  u.role, u.disabled_at, u.created_at`;

const find = statement<Account>(
  'accounts_find',
  `SELECT ${COLUMNS}, p.plan FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.id = $1`,
);

const figures = statement<AccountFigures>(
  'accounts_figures',
  `SELECT u.unfinished_replies,
     (SELECT count(*)::integer FROM chatrooms c WHERE c.user_id = u.id) AS chatroom_count,
     coalesce((SELECT d.messages FROM usage_days d WHERE d.user_id = u.id AND d.day = today.day), 0) AS messages_today,
     (SELECT coalesce(sum(d.messages), 0)::integer FROM usage_days d WHERE d.user_id = u.id AND d.day > today.day - 30) AS messages_30_days
   FROM users u, (SELECT (now() AT TIME ZONE 'UTC')::date AS day) today WHERE u.id = $1`,
);

const KEYS: Readonly<Record<'created_at' | 'username', readonly { readonly column: string; readonly type: string }[]>> = {
  created_at: [
    { column: 'u.created_at', type: 'timestamptz' },
    { column: 'u.id', type: 'uuid' },
  ],
  username: [{ column: 'u.username', type: 'text' }],
};

/** Reads accounts across the modules that know something of them. */
@Injectable()
export class AccountsRepository {
  constructor(private readonly database: Database) {}

  async find(userId: string): Promise<Account | null> {
    return (await this.database.run(find, [userId]))[0] ?? null;
  }

  async figuresOf(userId: string): Promise<AccountFigures | null> {
    return (await this.database.run(figures, [userId]))[0] ?? null;
  }

  async list({ q, role, disabled, verified, plan }: AccountFilter, sort: AccountSort, page: PageWish): Promise<Account[]> {
    const list = new ListQuery()
      .where('u.id = ?', q !== undefined && isId(q) ? q : undefined)
      .where(
        '(u.username LIKE ? OR u.mobile_number LIKE ? OR u.email LIKE ?)',
        q === undefined || isId(q) ? undefined : `%${q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`,
      )
      .when(role, { admin: `u.role = 'admin'`, user: `u.role = 'user'` })
      .when(disabled, { true: 'u.disabled_at IS NOT NULL', false: 'u.disabled_at IS NULL' })
      .when(verified, { true: 'u.verified_at IS NOT NULL', false: 'u.verified_at IS NULL' })
      .when(plan, { pro: `p.plan = 'pro'`, basic: `p.plan = 'basic'` });
    const isDescending = sort.startsWith('-');
    const column = sort === 'username' || sort === '-username' ? 'username' : 'created_at';
    const plans = plan === undefined ? '' : 'JOIN user_plans p ON p.user_id = u.id';
    const query = list.page(`SELECT ${COLUMNS} FROM users u ${plans}`, KEYS[column], isDescending ? 'DESC' : 'ASC', page);
    // The plans of the page alone: of all users they would be gathered first.
    const text = `SELECT u.*, p.plan FROM (${query.statement.text}) u JOIN user_plans p ON p.user_id = u.id ORDER BY ${query.order}`;
    return this.database.run(statement<Account>('', text), query.values);
  }
}
