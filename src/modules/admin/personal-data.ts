import type { PersonalData } from '../../database/personal-data.js';
import { statement } from '../../database/statement.js';

export const ADMIN_PERSONAL_DATA: readonly PersonalData[] = [
  {
    name: 'audit_log',
    tables: ['audit_log'],
    rows: statement({
      name: 'audit_log_export',
      parameters: { user_id: 'uuid' },
      columns: {
        id: 'uuid',
        action: 'text',
        target_type: 'text',
        target_id: 'text',
        before: 'jsonb',
        after: 'jsonb',
        reason: 'text',
        ip: 'text',
        device: 'text',
        created_at: 'timestamptz',
      },
      // The administrator's address and device are exported only where the user is the administrator.
      text: `SELECT id, action, target_type, target_id, before, after, reason, CASE WHEN actor_id = :user_id THEN ip END AS ip,
       CASE WHEN actor_id = :user_id THEN device END AS device, created_at
     FROM audit_log WHERE actor_id = :user_id OR target_id = :user_id::text ORDER BY created_at, id`,
    }),
  },
];
