import { exportTable, type PersonalData } from '../../database/personal-data.js';

export const SUBSCRIPTIONS_PERSONAL_DATA: readonly PersonalData[] = [
  exportTable({
    table: 'subscriptions',
    columns: {
      id: 'uuid',
      stripe_subscription_id: 'text',
      status: 'text',
      entitled_until: 'timestamptz',
      current_period_end: 'timestamptz',
      ends_at: 'timestamptz',
      trial_end: 'timestamptz',
      price: 'jsonb',
      open_invoice: 'jsonb',
      started_at: 'timestamptz',
      created_at: 'timestamptz',
      updated_at: 'timestamptz',
    },
    order: 'id',
  }),
  exportTable({
    table: 'grants',
    columns: { id: 'uuid', entitled_until: 'timestamptz', reason: 'text', created_at: 'timestamptz', revoked_at: 'timestamptz' },
    order: 'id',
  }),
  exportTable({
    table: 'subscription_transitions',
    columns: {
      id: 'uuid',
      subject_kind: 'text',
      subject_id: 'uuid',
      cause: 'text',
      reason: 'text',
      before: 'jsonb',
      after: 'jsonb',
      created_at: 'timestamptz',
    },
    order: 'created_at, id',
  }),
  exportTable({ table: 'usage_days', columns: { day: 'date', messages: 'int4' }, order: 'day' }),
];
