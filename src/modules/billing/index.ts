/**
 * Payments for the Pro plan: customers, checkouts, invoices and events at Stripe. It stores Stripe's state of a user's
 * subscriptions through `subscriptions`, which decides what it entitles to.
 */
export type { Amount } from '../../integrations/stripe/index.js';
export { BillingService } from './billing.service.js';
export { BillingModule } from './billing.module.js';
export { HANDLED_EVENT_TYPES } from './event-types.js';
export { toInvoiceResponse } from './invoice.response.js';
export { type Revenue, RevenueService } from './revenue.service.js';
export type { RefundEntity, RefundReason, RefundStatus } from './refund.entity.js';
export type { RefundListOptions } from './refunds.repository.js';
export { RefundsService } from './refunds.service.js';
export type { EventOutcome } from './stripe-event.entity.js';
export type { EventListOptions, ListedEvent } from './stripe-events.repository.js';
export { StripeEventsService } from './stripe-events.service.js';
export { type OverdueCustomer, OverdueCustomersRepository } from './overdue-customers.repository.js';
export { type StripeStatus, StripeStatusService } from './stripe-status.service.js';
export { PayersService } from './payers.service.js';
export { SubscriptionSyncService } from './subscription-sync.service.js';
export { BILLING_PERSONAL_DATA } from './personal-data.js';
export { BILLING_RETENTION } from './retention.js';
