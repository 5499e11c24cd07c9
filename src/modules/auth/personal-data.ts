import { exportTable, type PersonalData } from '../../database/personal-data.js';

export const AUTH_PERSONAL_DATA: readonly PersonalData[] = [
  exportTable({
    table: 'sessions',
    columns: {
      id: 'uuid',
      device: 'text',
      ip: 'text',
      created_at: 'timestamptz',
      last_used_at: 'timestamptz',
      expires_at: 'timestamptz',
      ended_at: 'timestamptz',
    },
    order: 'created_at, id',
  }),
  exportTable({
    table: 'otp_challenges',
    name: 'one_time_codes',
    columns: {
      id: 'uuid',
      mobile_number: 'text',
      purpose: 'text',
      attempts: 'int4',
      created_at: 'timestamptz',
      expires_at: 'timestamptz',
      consumed_at: 'timestamptz',
    },
    order: 'id',
  }),
];
