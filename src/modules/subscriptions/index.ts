/**
 * Entitlements of users: plans, subscriptions, grants, quotas and the daily limit. It imports no other module.
 */
export { CapabilitiesResponse, toCapabilitiesResponse } from './capabilities.response.js';
export { hasEnded, type OpenInvoice, type PaidPrice, SUBSCRIPTION_STATUSES } from './entitlement.js';
export { ErasedDaysService } from './erased-days.service.js';
export { GrantEntity } from './grant.entity.js';
export type { Grant } from './grants.repository.js';
export { type GrantChange, GrantsService } from './grants.service.js';
export { type Capabilities, type PlanLimits, PlansService, type ReplyOptions, type WantedOptions } from './plans.service.js';
export { type Quota, QuotasService } from './quotas.service.js';
export { NoGrantError, NotInPlanError, NotOfferedByModelError, StorageFullError, TooManyChatroomsError } from './subscriptions.errors.js';
export { SubscriptionEntity } from './subscription.entity.js';
export { SubscriptionsModule } from './subscriptions.module.js';
export { type SubscriptionStatus, SubscriptionsService } from './subscriptions.service.js';
export type { EndingRule } from './transition-cause.js';
export { SUBSCRIPTIONS_PERSONAL_DATA } from './personal-data.js';
export { SUBSCRIPTIONS_RETENTION } from './retention.js';
