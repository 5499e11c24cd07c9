/**
 * Calls Stripe and translates its objects: customers, checkouts, subscriptions with the state of their payment,
 * invoices and signed events. Only this folder imports `stripe`.
 */
export { type AccountGuard, type KeyFault, StripeAccount } from './stripe-account.js';
export type { StripeClient } from './stripe.client.js';
export { STRIPE_API_VERSION } from './stripe.connection.js';
export {
  BillingUnavailableError,
  isRefusal,
  PaymentProviderRefusedError,
  StripeRefusalError,
  UnknownCustomerError,
} from './stripe.errors.js';
export { isSetupFailure, MissingPriceError, type SetupStep, StripeSetup, type WantedPrice } from './stripe-setup.js';
export { StripeModule } from './stripe.module.js';
export { PRICE_INTERVALS } from './stripe-objects.js';
export type {
  Amount,
  CustomerSubscriptions,
  StripeCheckout,
  StripeEvent,
  StripeIdentity,
  StripeInvoice,
  StripePrice,
  StripeSubscription,
} from './stripe-objects.js';
