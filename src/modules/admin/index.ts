/** Administration: accounts, conversations, subscriptions, queues, stats and the audit log. No other module uses it. */
export { ADMIN_PERSONAL_DATA } from './personal-data.js';
export { ADMIN_RETENTION } from './retention.js';
