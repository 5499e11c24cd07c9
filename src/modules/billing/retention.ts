import { olderThan, type RetentionRule, retentionRule } from '../../database/retention.js';

export const BILLING_RETENTION: readonly RetentionRule[] = [
  retentionRule({
    name: 'events of Stripe',
    table: 'stripe_events',
    expired: `processed_at IS NOT NULL AND ${olderThan('received_at')}`,
    keepMs: ({ RETAIN_STRIPE_EVENTS }) => RETAIN_STRIPE_EVENTS,
  }),
  retentionRule({
    name: 'trials',
    table: 'trial_claims',
    key: 'identity_hash',
    expired: olderThan('created_at'),
    keepMs: ({ RETAIN_TRIALS }) => RETAIN_TRIALS,
  }),
  retentionRule({
    name: 'closed customers',
    table: 'customer_closures',
    key: 'stripe_customer_id',
    expired: olderThan('closed_at'),
    keepMs: ({ RETAIN_STRIPE_EVENTS }) => RETAIN_STRIPE_EVENTS,
  }),
  retentionRule({
    name: 'settled refunds',
    table: 'refunds',
    expired: olderThan('settled_at'),
    keepMs: ({ RETAIN_STRIPE_EVENTS }) => RETAIN_STRIPE_EVENTS,
  }),
];
