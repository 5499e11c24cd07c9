import { type BoundedRow, withinPageBytes } from '../../database/page-bytes.js';
import { statement } from '../../database/statement.js';

/** Rows as they are written into the document. */
type Row = Readonly<Record<string, unknown>>;

/** What there is about a user outside of chatrooms: the name of the part, and one statement for all of its rows. */
export const PARTS = [
  {
    name: 'sessions',
    rows: statement<Row>(
      'account_export_sessions',
      `SELECT id, device, ip, created_at, last_used_at, expires_at, ended_at FROM sessions WHERE user_id = $1 ORDER BY created_at, id`,
    ),
  },
  {
    name: 'one_time_codes',
    rows: statement<Row>(
      'account_export_otp_challenges',
      `SELECT id, mobile_number, purpose, attempts, created_at, expires_at, consumed_at FROM otp_challenges WHERE user_id = $1 ORDER BY id`,
    ),
  },
  {
    name: 'subscriptions',
    rows: statement<Row>(
      'account_export_subscriptions',
      `SELECT id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at, started_at, created_at, updated_at FROM subscriptions WHERE user_id = $1 ORDER BY id`,
    ),
  },
  {
    name: 'grants',
    rows: statement<Row>(
      'account_export_grants',
      `SELECT id, entitled_until, reason, created_at, revoked_at FROM grants WHERE user_id = $1 ORDER BY id`,
    ),
  },
  {
    name: 'subscription_transitions',
    rows: statement<Row>(
      'account_export_subscription_transitions',
      `SELECT id, subject_kind, subject_id, cause, reason, before, after, created_at FROM subscription_transitions WHERE user_id = $1
       ORDER BY created_at, id`,
    ),
  },
  {
    name: 'stripe_customers',
    rows: statement<Row>(
      'account_export_stripe_customers',
      `SELECT stripe_customer_id, synced_at, created_at FROM stripe_customers WHERE user_id = $1`,
    ),
  },
  {
    name: 'stripe_events',
    rows: statement<Row>(
      'account_export_stripe_events',
      `SELECT e.id, e.type, e.object_id, e.payload, e.occurred_at, e.received_at FROM stripe_events e JOIN stripe_customers c USING (stripe_customer_id)
       WHERE c.user_id = $1 ORDER BY e.occurred_at, e.id`,
    ),
  },
  {
    name: 'checkouts',
    rows: statement<Row>(
      'account_export_checkouts',
      `SELECT id, status, success_url, cancel_url, stripe_session_id, created_at FROM checkouts WHERE user_id = $1 ORDER BY created_at, id`,
    ),
  },
  {
    name: 'usage_days',
    rows: statement<Row>('account_export_usage_days', `SELECT day, messages FROM usage_days WHERE user_id = $1 ORDER BY day`),
  },
  {
    name: 'model_usage',
    rows: statement<Row>(
      'account_export_user_model_days',
      `SELECT day, model, messages, input_tokens::float8, output_tokens::float8, reasoning_tokens::float8, cost_micros::float8 / 1000000 AS cost_usd
       FROM user_model_days WHERE user_id = $1 ORDER BY day, model`,
    ),
  },
  {
    name: 'idempotency_keys',
    rows: statement<Row>(
      'account_export_idempotency_keys',
      `SELECT scope, key, result, created_at FROM idempotency_keys WHERE user_id = $1 ORDER BY scope, key`,
    ),
  },
  {
    // Which administrator it was, and from where, is said only of the user's own deeds.
    name: 'audit_log',
    rows: statement<Row>(
      'account_export_audit_log',
      `SELECT id, action, target_type, target_id, before, after, reason, CASE WHEN actor_id = $1 THEN ip END AS ip,
         CASE WHEN actor_id = $1 THEN device END AS device, created_at
       FROM audit_log WHERE actor_id = $1 OR target_id = $1::text ORDER BY created_at, id`,
    ),
  },
] as const;

export const chatroomIds = statement<{ id: string }>(
  'account_export_chatroom_ids',
  `SELECT id FROM chatrooms WHERE user_id = $1 ORDER BY created_at, id`,
);

export const chatroom = statement<Row>(
  'account_export_chatroom',
  `SELECT id, name, system_instruction, model, archived, last_message_at, created_at, updated_at FROM chatrooms WHERE id = $1 AND user_id = $2`,
);

export const messages = statement<BoundedRow & Row & { readonly position: number }>(
  'account_export_messages',
  withinPageBytes(
    `SELECT position, id, role, status, content, parent_id, model, finish_reason, error_code, input_tokens, output_tokens, reasoning_tokens,
       total_tokens, usage_estimated, created_at, completed_at,
       (SELECT d.content FROM digests d WHERE d.message_id = messages.id AND d.kind = 'summary') AS summary_up_to_here
     FROM messages WHERE chatroom_id = $1 AND position > $2 ORDER BY position LIMIT $3`,
    { as: 'm', order: 'm.position', texts: ['m.content'] },
  ),
);
