import { type RetentionRule, retentionRule } from '../../database/retention.js';

export const SUBSCRIPTIONS_RETENTION: readonly RetentionRule[] = [
  retentionRule({
    name: 'days of erased accounts',
    table: 'erased_days',
    key: 'day, number_hash',
    expired: `day < ((now() - :keep_ms * interval '1 millisecond') AT TIME ZONE 'UTC')::date`,
    keepMs: () => 0,
  }),
];
