import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { ListQuery, type PageWish } from './list-query.js';

/** A subscription at Stripe, or a grant of an administrator. */
export interface Entitlement {
  readonly id: string;
  readonly user_id: string;
  readonly username: string;
  readonly kind: 'stripe' | 'grant';
  /** Stripe's word; of a grant: active, expired or revoked. */
  readonly status: string;
  readonly stripe_subscription_id: string | null;
  /** Until when it entitles to Pro; null when it does not. */
  readonly entitled_until: Date | null;
  /** Of a grant. */
  readonly reason: string | null;
  readonly created_at: Date;
}

export interface EntitlementFilter {
  readonly kind?: 'stripe' | 'grant' | undefined;
  readonly status?: string | undefined;
  readonly userId?: string | undefined;
}

const STRIPE = `SELECT s.id, s.user_id, 'stripe' AS kind, s.status, s.stripe_subscription_id,
  CASE WHEN s.entitled_until > now() THEN s.entitled_until END AS entitled_until, NULL AS reason, s.created_at FROM subscriptions s`;

const GRANT_STATUS = `CASE WHEN g.revoked_at IS NOT NULL THEN 'revoked' WHEN g.entitled_until > now() THEN 'active' ELSE 'expired' END`;

const GRANTS = `SELECT g.id, g.user_id, 'grant' AS kind, ${GRANT_STATUS} AS status, NULL AS stripe_subscription_id,
  CASE WHEN g.revoked_at IS NULL AND g.entitled_until > now() THEN g.entitled_until END AS entitled_until, g.reason, g.created_at FROM grants g`;

const key = (alias: string) => [
  { column: `${alias}.created_at`, type: 'timestamptz' },
  { column: `${alias}.id`, type: 'uuid' },
];

/** Reads what users are entitled by. */
@Injectable()
export class EntitlementsRepository {
  constructor(private readonly database: Database) {}

  /** Newest first: a page of each kind, merged. */
  async list({ kind, status, userId }: EntitlementFilter, page: PageWish): Promise<Entitlement[]> {
    const stripe = () =>
      new ListQuery().where('s.status = ?', status).where('s.user_id = ?', userId).page<Entitlement>(STRIPE, key('s'), 'DESC', page);
    const grants = () =>
      new ListQuery().where(`${GRANT_STATUS} = ?`, status).where('g.user_id = ?', userId).page<Entitlement>(GRANTS, key('g'), 'DESC', page);
    const queries = kind === undefined ? [stripe(), grants()] : [kind === 'stripe' ? stripe() : grants()];
    const rows = (
      await Promise.all(
        queries.map(({ statement: { text }, values }) =>
          this.database.run<Entitlement>(statement('', `SELECT e.*, u.username FROM (${text}) e JOIN users u ON u.id = e.user_id`), values),
        ),
      )
    ).flat();
    return rows.sort(newerFirst).slice(0, page.count);
  }
}

/** As PostgreSQL orders times and ids. */
const newerFirst = (a: Entitlement, b: Entitlement): number => b.created_at.getTime() - a.created_at.getTime() || (a.id < b.id ? 1 : -1);
