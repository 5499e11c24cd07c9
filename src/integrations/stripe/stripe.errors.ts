import Stripe from 'stripe';
import { defineError } from '../../common/errors/app-error.js';

/** Stripe is unreachable, or its answer says nothing about the request. The same request may succeed later. */
export class BillingUnavailableError extends defineError({
  code: 'billing_unavailable',
  kind: 'unavailable',
  title: 'Payments are unavailable',
  detail: 'The payment provider is unreachable or not configured. Nothing was charged. Retry shortly.',
  retryAfterSeconds: 5,
}) {}

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
 * https://docs.stripe.com/api/errors: 4xx is a refusal; 401, 403, 409, 429 and everything else is not about this
 * request.
 */
export function asOurs(error: unknown): Error {
  if (error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError) {
    return new StripeRefusalError(error.code ?? error.type, error.param ?? null, { cause: error });
  }
  if (error instanceof Stripe.errors.StripeIdempotencyError && error.statusCode !== 409) {
    return new StripeRefusalError(error.code ?? 'idempotency_error', null, { cause: error });
  }
  if (error instanceof Stripe.errors.StripeError) return new BillingUnavailableError({ cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

export const isRefusal = (error: unknown, code: string): error is StripeRefusalError =>
  error instanceof StripeRefusalError && error.code === code;
