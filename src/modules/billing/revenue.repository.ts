import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';

const PERIOD = { from: 'timestamptz', to: 'timestamptz' } as const;
const PAID = { day: 'text', currency: 'text', price: 'text?', invoices: 'int8', paid: 'int8', tax: 'int8' } as const;
const REFUNDED = { day: 'text', currency: 'text', refunded: 'int8' } as const;

/** Paid invoices of a price in a currency on a UTC day, in the currency's smallest unit. `paid` includes `tax`. */
export type PaidRow = RowOf<typeof PAID>;
export type RefundedRow = RowOf<typeof REFUNDED>;

/** Events of customers of this service; Stripe may report one change by two events, of which `id` names the change. */
const eventsOf = (type: string, id: string) => `SELECT DISTINCT ON (${id}) to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
       payload->'data'->'object' AS object, payload->'data' AS data
     FROM stripe_events WHERE received_at >= :from AND received_at < :to AND type = '${type}' AND outcome = 'applied' AND payload IS NOT NULL
     ORDER BY ${id}, received_at`;
const elements = (json: string) => `json_array_elements(CASE json_typeof(${json}) WHEN 'array' THEN ${json} ELSE '[]'::json END)`;

// The line with the greatest amount is the one that is paid for: the other lines of a change of price are credits.
const sumPaid = statement({
  name: 'stripe_events_paid',
  parameters: { ...PERIOD, products: 'text[]?' },
  columns: PAID,
  text: `SELECT day, object->>'currency' AS currency,
     (SELECT line->'pricing'->'price_details'->>'price' FROM ${elements(`object->'lines'->'data'`)} line
      ORDER BY (line->>'amount')::bigint DESC LIMIT 1) AS price,
     count(*) AS invoices, sum((object->>'amount_paid')::bigint)::bigint AS paid,
     coalesce(sum((SELECT sum((tax->>'amount')::bigint) FROM ${elements(`object->'total_taxes'`)} tax)), 0)::bigint AS tax
   FROM (${eventsOf('invoice.paid', 'object_id')}) paid
   WHERE (object->>'amount_paid')::bigint > 0 AND (:products::text[] IS NULL OR EXISTS (
     SELECT FROM ${elements(`object->'lines'->'data'`)} line WHERE line->'pricing'->'price_details'->>'product' = ANY (:products)
   )) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
});

// The amount of a charge is the sum of its refunds; the event tells what it was before.
const sumRefunded = statement({
  name: 'stripe_events_refunded',
  parameters: PERIOD,
  columns: REFUNDED,
  text: `SELECT day, object->>'currency' AS currency,
     sum((object->>'amount_refunded')::bigint - coalesce((data->'previous_attributes'->>'amount_refunded')::bigint, 0))::bigint AS refunded
   FROM (${eventsOf('charge.refunded', `object_id, payload->'data'->'object'->>'amount_refunded'`)}) refunds
   GROUP BY 1, 2 ORDER BY 1, 2`,
});

/** Reads what was paid and refunded from the stored events of Stripe. */
@Injectable()
export class RevenueRepository {
  constructor(private readonly database: Database) {}

  /** Sums the payments for the products whose events were received in this time; with null for all products. */
  sumPaid(from: Date, to: Date, products: readonly string[] | null): Promise<PaidRow[]> {
    return this.database.run(sumPaid, { from, to, products });
  }

  sumRefunded(from: Date, to: Date): Promise<RefundedRow[]> {
    return this.database.run(sumRefunded, { from, to });
  }
}
