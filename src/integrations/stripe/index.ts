/**
 * Calls Stripe and translates its objects: customers, checkouts, subscriptions with the state of their payment,
 * invoices and signed events. Only this folder imports `stripe`.
 */
export { StripeAccount } from './stripe-account.js';
export { STRIPE_API_VERSION, type StripeClient } from './stripe.client.js';
export { BillingUnavailableError, isRefusal, StripeRefusalError } from './stripe.errors.js';
export { StripeModule } from './stripe.module.js';
export type { StripeCheckout, StripeEvent, StripeInvoice, StripeSubscription } from './stripe-objects.js';
