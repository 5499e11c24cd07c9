/**
 * Payments for the Pro plan: customers, checkouts, invoices and events at Stripe. It stores Stripe's state of a user's
 * subscriptions through `subscriptions`, which decides what it entitles to.
 */
export { BillingService } from './billing.service.js';
export { BillingModule } from './billing.module.js';
export { toInvoiceResponse } from './invoice.response.js';
export { type Amount, RevenueService } from './revenue.service.js';
export type { EventOutcome } from './stripe-event.entity.js';
export type { EventListOptions, ListedEvent } from './stripe-events.repository.js';
export { StripeEventsService } from './stripe-events.service.js';
export { BILLING_PERSONAL_DATA } from './personal-data.js';
export { BILLING_RETENTION } from './retention.js';
