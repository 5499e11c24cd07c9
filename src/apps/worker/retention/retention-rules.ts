import { DATABASE_RETENTION, type RetentionRule } from '../../../database/retention.js';
import { ADMIN_RETENTION } from '../../../modules/admin/index.js';
import { AUTH_RETENTION } from '../../../modules/auth/index.js';
import { BILLING_RETENTION } from '../../../modules/billing/index.js';
import { SUBSCRIPTIONS_RETENTION } from '../../../modules/subscriptions/index.js';
import { USERS_RETENTION } from '../../../modules/users/index.js';

/** All retention rules, in the order in which a run applies them. */
export const RETENTION_RULES: readonly RetentionRule[] = [
  ...AUTH_RETENTION,
  ...DATABASE_RETENTION,
  ...BILLING_RETENTION,
  ...ADMIN_RETENTION,
  ...SUBSCRIPTIONS_RETENTION,
  ...USERS_RETENTION,
];
