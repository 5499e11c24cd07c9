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

// A sync run that begins postpones the next one by a minute. A payer without any next run is as late as the last one.
const list = statement({
  name: 'stripe_customers_overdue',
  parameters: { late_ms: 'float8', after_due: 'timestamptz?', after_id: 'uuid?', count: 'int8' },
  columns: OVERDUE,
  text: `SELECT late.user_id AS "userId", u.username, late.stripe_customer_id AS "stripeCustomerId", late.status, late.synced_at AS "syncedAt",
     late.due AS "dueAt"
   FROM (
     SELECT c.user_id, c.stripe_customer_id, c.synced_at, coalesce(c.check_at, c.synced_at, c.created_at) AS due, s.status
     FROM stripe_customers c LEFT JOIN LATERAL (
       SELECT s.status FROM subscriptions s WHERE s.user_id = c.user_id AND s.status NOT IN ('canceled', 'incomplete_expired')
       ORDER BY s.created_at DESC LIMIT 1
     ) s ON true
     WHERE c.check_at < now() - :late_ms * interval '1 millisecond' OR (c.check_at IS NULL AND s.status IS NOT NULL)
   ) late JOIN users u ON u.id = late.user_id
   WHERE :after_due::timestamptz IS NULL OR (late.due, late.user_id) > (:after_due, :after_id)
   ORDER BY late.due, late.user_id LIMIT :count`,
});

@Injectable()
export class OverdueCustomersRepository {
  constructor(private readonly database: Database) {}

  /**
   * At most `count` customers, the latest first.
   *
   * @param lateMs how late the sync run of a customer has to be. Who has a subscription and no next run is late anyway
   */
  list(lateMs: number, { after, count }: { after: readonly string[] | null; count: number }): Promise<OverdueCustomer[]> {
    const [due, id] = after ?? [];
    return this.database.run(list, { late_ms: lateMs, after_due: due === undefined ? null : new Date(due), after_id: id ?? null, count });
  }
}
