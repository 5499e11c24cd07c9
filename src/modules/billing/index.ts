/**
 * The Pro plan's money: customers, checkouts, invoices and events at Stripe. It tells `subscriptions` what Stripe says, and asks for nothing in
 * return.
 */
export { BillingService } from './billing.service.js';
export { BillingModule } from './billing.module.js';
export { toInvoiceResponse } from './invoice.response.js';
export { type Amount, RevenueService } from './revenue.service.js';
export type { EventListOptions, EventOutcome, ListedEvent } from './stripe-events.repository.js';
export { StripeEventsService } from './stripe-events.service.js';
export { BILLING_PERSONAL_DATA } from './personal-data.js';
export { BILLING_RETENTION } from './retention.js';
