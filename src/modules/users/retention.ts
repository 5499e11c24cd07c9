import { olderThan, type RetentionRule, retentionRule } from '../../database/retention.js';

export const USERS_RETENTION: readonly RetentionRule[] = [
  retentionRule({
    name: 'unverified accounts',
    table: 'users',
    // An account that holds something is kept, as it is when somebody signs up with its number.
    expired: `verified_at IS NULL AND disabled_at IS NULL AND role = 'user' AND ${olderThan('created_at')}
         AND NOT EXISTS (SELECT FROM chatrooms WHERE user_id = users.id)
         AND NOT EXISTS (SELECT FROM stripe_customers WHERE user_id = users.id)
         AND NOT EXISTS (SELECT FROM grants WHERE user_id = users.id)`,
    // Where numbers need not be verified, an unverified account is an account like any other.
    keepMs: ({ REQUIRE_VERIFIED_NUMBER, RETAIN_UNVERIFIED_ACCOUNTS }) => (REQUIRE_VERIFIED_NUMBER ? RETAIN_UNVERIFIED_ACCOUNTS : null),
  }),
];
