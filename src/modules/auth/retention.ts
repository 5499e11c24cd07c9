import { olderThan, type RetentionRule, retentionRule } from '../../database/retention.js';

export const AUTH_RETENTION: readonly RetentionRule[] = [
  retentionRule({
    name: 'one-time codes',
    table: 'otp_challenges',
    expired: olderThan('expires_at'),
    keepMs: ({ RETAIN_CODES }) => RETAIN_CODES,
  }),
  retentionRule({
    name: 'expired sessions',
    table: 'sessions',
    expired: olderThan('expires_at'),
    keepMs: ({ RETAIN_SESSIONS }) => RETAIN_SESSIONS,
  }),
  retentionRule({
    name: 'ended sessions',
    table: 'sessions',
    expired: olderThan('ended_at'),
    keepMs: ({ RETAIN_SESSIONS }) => RETAIN_SESSIONS,
  }),
];
