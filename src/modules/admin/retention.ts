import { olderThan, type RetentionRule, retentionRule } from '../../database/retention.js';

export const ADMIN_RETENTION: readonly RetentionRule[] = [
  retentionRule({
    name: 'audit log',
    table: 'audit_log',
    expired: olderThan('created_at'),
    keepMs: ({ RETAIN_AUDIT }) => RETAIN_AUDIT,
  }),
];
