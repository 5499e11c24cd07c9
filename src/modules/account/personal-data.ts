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
      `SELECT id, stripe_subscription_id, status, entitled_until, created_at, updated_at FROM subscriptions WHERE user_id = $1 ORDER BY id`,
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
] as const;

export const chatroomIds = statement<{ id: string }>(
  'account_export_chatroom_ids',
  `SELECT id FROM chatrooms WHERE user_id = $1 ORDER BY created_at, id`,
);

export const chatroom = statement<Row>(
  'account_export_chatroom',
  `SELECT id, name, system_instruction, model, archived, last_message_at, created_at, updated_at FROM chatrooms WHERE id = $1 AND user_id = $2`,
);

export const messages = statement<Row & { position: number }>(
  'account_export_messages',
  `SELECT position, id, role, status, content, parent_id, model, finish_reason, error_code, input_tokens, output_tokens, reasoning_tokens,
     total_tokens, usage_estimated, created_at, completed_at
   FROM messages WHERE chatroom_id = $1 AND position > $2 ORDER BY position LIMIT $3`,
);
