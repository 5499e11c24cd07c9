import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';

const OVERDUE = {
  userId: 'uuid',
  username: 'text',
  stripeCustomerId: 'text',
  /** Stripe's status of the newest subscription that has not ended; null without one. */
  status: 'text?',
  syncedAt: 'timestamptz?',
  dueAt: 'timestamptz',
} as const;

/** A customer whose sync run is late. `dueAt` is when it was to begin. */
export type OverdueCustomer = RowOf<typeof OVERDUE>;

// A sync run that begins postpones the next one by a minute. Everybody who ever subscribed has a next one.
const list = statement({
  name: 'stripe_customers_overdue',
  parameters: { late_ms: 'float8', after_due: 'timestamptz?', after_id: 'uuid?', count: 'int8' },
  columns: OVERDUE,
  text: `SELECT c.user_id AS "userId", u.username, c.stripe_customer_id AS "stripeCustomerId", s.status, c.synced_at AS "syncedAt",
     c.check_at AS "dueAt"
   FROM stripe_customers c JOIN users u ON u.id = c.user_id LEFT JOIN LATERAL (
     SELECT s.status FROM subscriptions s WHERE s.user_id = c.user_id AND s.status NOT IN ('canceled', 'incomplete_expired')
     ORDER BY s.created_at DESC LIMIT 1
   ) s ON true
   WHERE c.check_at < now() - :late_ms * interval '1 millisecond'
     AND (:after_due::timestamptz IS NULL OR (c.check_at, c.user_id) > (:after_due, :after_id))
   ORDER BY c.check_at, c.user_id LIMIT :count`,
});

@Injectable()
export class OverdueCustomersRepository {
  constructor(private readonly database: Database) {}

  /**
   * At most `count` customers, the latest first.
   *
   * @param lateMs how late the sync run of a customer has to be
   */
  list(lateMs: number, { after, count }: { after: readonly string[] | null; count: number }): Promise<OverdueCustomer[]> {
    const [due, id] = after ?? [];
    return this.database.run(list, { late_ms: lateMs, after_due: due === undefined ? null : new Date(due), after_id: id ?? null, count });
  }
}
