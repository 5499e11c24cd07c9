import Stripe from 'stripe';
import { defineError } from '../../common/errors/app-error.js';

/** Stripe is unreachable, or its answer says nothing about the request. The same request may succeed later. */
export class BillingUnavailableError extends defineError({
  code: 'billing_unavailable',
  kind: 'unavailable',
  title: 'Payments are unavailable',
  detail: 'The payment provider cannot be reached. Nothing was charged. Retry shortly.',
  retryAfterSeconds: 5,
}) {}

/** There is no key of Stripe. A retry does not help. */
export class BillingNotConfiguredError extends defineError({
  code: 'billing_unavailable',
  kind: 'unavailable',
  title: 'Payments are unavailable',
  detail: 'This installation has no account at the payment provider. Nothing was charged.',
}) {}

/**
 * Stripe refused a request for a reason that only the operator can remove: a key, a price, the settings of the portal.
 * A retry does not help.
 */
export class PaymentProviderRefusedError extends defineError({
  code: 'payment_provider_refused',
  kind: 'bad_gateway',
  title: 'The payment provider refused',
  detail: 'The payment provider refused a request of this service. Nothing was charged. The operator has to correct its settings.',
}) {}

/**
 * Stripe knows no customer of this id. That says nothing about its subscriptions: every customer is unknown to the key
 * of another account or mode. A deleted customer is unknown to most calls too; `CustomersClient.isDeleted` tells.
 */
export class UnknownCustomerError extends BillingUnavailableError {}

/** Stripe refused the request. Its words are for the log, never for a client. */
export class StripeRefusalError extends Error {
  override readonly name = 'StripeRefusalError';

  constructor(
    readonly code: string,
    readonly param: string | null,
    options: ErrorOptions,
  ) {
    super(`Stripe refused: ${code}${param === null ? '' : ` (${param})`}`, options);
  }
}

/**
 * https://docs.stripe.com/api/errors: 4xx is a refusal; 401 and 403 are about the key, not about this request; 409, 429
 * and everything else may go well later.
 */
export function asOurs(error: unknown): Error {
  if (error instanceof BillingUnavailableError) return error;
  if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing' && error.param === 'customer') {
    return new UnknownCustomerError({ cause: error });
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError) {
    return new StripeRefusalError(error.code ?? error.type, error.param ?? null, { cause: error });
  }
  if (error instanceof Stripe.errors.StripeIdempotencyError && error.statusCode !== 409) {
    return new StripeRefusalError(error.code ?? 'idempotency_error', null, { cause: error });
  }
  if (error instanceof Stripe.errors.StripeAuthenticationError || error instanceof Stripe.errors.StripePermissionError) {
    return new PaymentProviderRefusedError({ cause: error });
  }
  if (error instanceof Stripe.errors.StripeError) return new BillingUnavailableError({ cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

export const isRefusal = (error: unknown, code: string): error is StripeRefusalError =>
  error instanceof StripeRefusalError && error.code === code;
