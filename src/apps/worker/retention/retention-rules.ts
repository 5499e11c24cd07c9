import type { Config } from '../../../config/env.js';
import { type Statement, statement } from '../../../database/statement.js';

/** What is deleted, and when: each statement deletes up to $2 rows that are older than $1 milliseconds, found by an index. */
export interface RetentionRule {
  readonly name: string;
  readonly delete: Statement<{ deleted: 1 }>;
  readonly keepMs: (config: Config) => number | null;
}

// SKIP LOCKED: a row that is in use now is deleted next time.
const rule = (
  name: string,
  { table, key = 'id', expired, keepMs }: { table: string; key?: string; expired: string; keepMs: RetentionRule['keepMs'] },
): RetentionRule => ({
  name,
  keepMs,
  delete: statement(
    `retention_${table}_${name.replace(/\W/g, '_')}`,
    `DELETE FROM ${table} WHERE (${key}) IN (
       SELECT ${key} FROM ${table} WHERE ${expired} LIMIT $2 FOR UPDATE SKIP LOCKED
     ) RETURNING 1 AS deleted`,
  ),
});

const before = (column: string) => `${column} < now() - $1 * interval '1 millisecond'`;

export const RETENTION_RULES: readonly RetentionRule[] = [
  rule('one-time codes', { table: 'otp_challenges', expired: before('expires_at'), keepMs: ({ RETAIN_CODES }) => RETAIN_CODES }),
  rule('expired sessions', { table: 'sessions', expired: before('expires_at'), keepMs: ({ RETAIN_SESSIONS }) => RETAIN_SESSIONS }),
  rule('ended sessions', { table: 'sessions', expired: before('ended_at'), keepMs: ({ RETAIN_SESSIONS }) => RETAIN_SESSIONS }),
  rule('idempotency keys', {
    table: 'idempotency_keys',
    key: 'user_id, scope, key',
    expired: before('created_at'),
    keepMs: ({ RETAIN_IDEMPOTENCY_KEYS }) => RETAIN_IDEMPOTENCY_KEYS,
  }),
  rule('events of Stripe', {
    table: 'stripe_events',
    expired: `processed_at IS NOT NULL AND ${before('received_at')}`,
    keepMs: ({ RETAIN_STRIPE_EVENTS }) => RETAIN_STRIPE_EVENTS,
  }),
  rule('audit log', { table: 'audit_log', expired: before('created_at'), keepMs: ({ RETAIN_AUDIT }) => RETAIN_AUDIT }),
  rule('closed customers', {
    table: 'customer_closures',
    key: 'stripe_customer_id',
    expired: before('closed_at'),
    keepMs: ({ RETAIN_STRIPE_EVENTS }) => RETAIN_STRIPE_EVENTS,
  }),
  rule('days of erased accounts', {
    table: 'erased_days',
    key: 'day, number_hash',
    expired: `day < ((now() - $1 * interval '1 millisecond') AT TIME ZONE 'UTC')::date`,
    keepMs: () => 0,
  }),
  rule('counters', { table: 'counters', key: 'key', expired: before('window_ends_at'), keepMs: () => 0 }),
  rule('unverified accounts', {
    table: 'users',
    // An account that holds something stays, as it does when somebody signs up with its number.
    expired: `verified_at IS NULL AND disabled_at IS NULL AND role = 'user' AND ${before('created_at')}
         AND NOT EXISTS (SELECT FROM chatrooms WHERE user_id = users.id)
         AND NOT EXISTS (SELECT FROM stripe_customers WHERE user_id = users.id)
         AND NOT EXISTS (SELECT FROM grants WHERE user_id = users.id)`,
    // Where nobody has to verify a number, an unverified account is an account as any other.
    keepMs: ({ REQUIRE_VERIFIED_NUMBER, RETAIN_UNVERIFIED_ACCOUNTS }) => (REQUIRE_VERIFIED_NUMBER ? RETAIN_UNVERIFIED_ACCOUNTS : null),
  }),
];
