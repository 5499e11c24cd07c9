/** What a user is entitled to. Everybody may ask; nobody is asked in return. */
export { PlansService } from './plans.service.js';
export { SubscriptionsModule } from './subscriptions.module.js';
