import { DATABASE_PERSONAL_DATA, type PersonalData } from '../../database/personal-data.js';
import { ADMIN_PERSONAL_DATA } from '../../modules/admin/index.js';
import { AUTH_PERSONAL_DATA } from '../../modules/auth/index.js';
import { BILLING_PERSONAL_DATA } from '../../modules/billing/index.js';
import { MESSAGES_PERSONAL_DATA } from '../../modules/messages/index.js';
import { SUBSCRIPTIONS_PERSONAL_DATA } from '../../modules/subscriptions/index.js';

/**
 * The parts of a user's export, in its order. The user, the attachments, the invoices and the chatrooms with their
 * messages are written by `ExportService`. test/architecture/personal-data.test.ts fails for a table that is missing.
 */
export const PERSONAL_DATA: readonly PersonalData[] = [
  ...AUTH_PERSONAL_DATA,
  ...SUBSCRIPTIONS_PERSONAL_DATA,
  ...BILLING_PERSONAL_DATA,
  ...MESSAGES_PERSONAL_DATA,
  ...DATABASE_PERSONAL_DATA,
  ...ADMIN_PERSONAL_DATA,
];
