import { exportTable, type PersonalData } from '../../database/personal-data.js';
import { statement } from '../../database/statement.js';

const CUSTOMERS = `
       SELECT stripe_customer_id FROM stripe_customers WHERE user_id = :user_id
       UNION SELECT stripe_customer_id FROM former_stripe_customers WHERE user_id = :user_id
     `;

export const BILLING_PERSONAL_DATA: readonly PersonalData[] = [
  exportTable({
    table: 'stripe_customers',
    columns: { stripe_customer_id: 'text', synced_at: 'timestamptz', created_at: 'timestamptz' },
    order: 'created_at',
  }),
  exportTable({
    table: 'former_stripe_customers',
    columns: { stripe_customer_id: 'text', gone_at: 'timestamptz', created_at: 'timestamptz' },
    order: 'created_at',
  }),
  {
    name: 'stripe_events',
    tables: ['stripe_events'],
    rows: statement({
      name: 'stripe_events_export',
      parameters: { user_id: 'uuid' },
      columns: {
        id: 'text',
        type: 'text',
        object_id: 'text',
        payload: 'json',
        occurred_at: 'timestamptz',
        received_at: 'timestamptz',
      },
      text: `SELECT e.id, e.type, e.object_id, e.payload, e.occurred_at, e.received_at
     FROM stripe_events e WHERE e.stripe_customer_id IN (${CUSTOMERS}) ORDER BY e.occurred_at, e.id`,
    }),
  },
  {
    name: 'refunds',
    tables: ['refunds'],
    rows: statement({
      name: 'refunds_export',
      parameters: { user_id: 'uuid' },
      columns: {
        id: 'uuid',
        payment_intent_id: 'text',
        stripe_customer_id: 'text',
        reason: 'text',
        status: 'text',
        stripe_refund_id: 'text?',
        created_at: 'timestamptz',
        settled_at: 'timestamptz?',
      },
      text: `SELECT r.id, r.payment_intent_id, r.stripe_customer_id, r.reason, r.status, r.stripe_refund_id, r.created_at, r.settled_at
     FROM refunds r WHERE r.stripe_customer_id IN (${CUSTOMERS}) ORDER BY r.created_at, r.id`,
    }),
  },
  exportTable({
    table: 'checkouts',
    columns: {
      id: 'uuid',
      status: 'text',
      success_url: 'text',
      cancel_url: 'text',
      price_key: 'text',
      stripe_session_id: 'text',
      created_at: 'timestamptz',
    },
    order: 'created_at, id',
  }),
];
