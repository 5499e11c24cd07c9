import { formatAmount } from './currencies.js';

/** The `error` object of an answer. */
export interface ErrorBody {
  type: 'invalid_request_error' | 'card_error' | 'idempotency_error' | 'api_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  doc_url?: string;
  charge?: string;
  payment_intent?: object;
  payment_method?: object;
  request_log_url?: string;
}

/**
 * An answer that is an error. What the request changed is undone, unless `keepsChanges` is set: a declined card leaves
 * its failed charge behind.
 */
export class StripeError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly keepsChanges = false,
  ) {
    super(body.message);
    this.name = 'StripeError';
  }
}

const docUrl = (code: string): string => `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;

export function invalidRequest(message: string, details: { code?: string; param?: string; status?: number } = {}): StripeError {
  const { code, param, status = 400 } = details;
  return new StripeError(status, {
    ...(code === undefined ? {} : { code, doc_url: docUrl(code) }),
    message,
    ...(param === undefined ? {} : { param }),
    type: 'invalid_request_error',
  });
}

/** 404 for an id in the path, 400 for one in a parameter, as Stripe does. */
export function resourceMissing(noun: string, id: string, param = 'id', hint = ''): StripeError {
  return invalidRequest(`No such ${noun}: '${id}'${hint}`, { code: 'resource_missing', param, status: param === 'id' ? 404 : 400 });
}

export function cardDeclined(details: {
  code: string;
  declineCode?: string;
  message: string;
  charge?: string;
  intent?: object;
  method?: object;
}): StripeError {
  return new StripeError(
    402,
    {
      code: details.code,
      ...(details.declineCode === undefined ? {} : { decline_code: details.declineCode }),
      doc_url: docUrl(details.code),
      message: details.message,
      type: 'card_error',
      ...(details.charge === undefined ? {} : { charge: details.charge }),
      ...(details.intent === undefined ? {} : { payment_intent: details.intent }),
      ...(details.method === undefined ? {} : { payment_method: details.method }),
    },
    true,
  );
}

export const amountTooSmall = (minimum: number, currency: string, param = 'amount'): StripeError =>
  invalidRequest(`Amount must be at least ${formatAmount(minimum, currency)} ${currency}`, { code: 'amount_too_small', param });

/** https://docs.stripe.com/rate-limits */
export const rateLimited = (): StripeError =>
  invalidRequest('Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.', {
    code: 'rate_limit',
    status: 429,
  });

/** The body of an answer that is an error. */
export function errorText(error: StripeError, requestId: string): string {
  return JSON.stringify({ error: { ...error.body, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` } }, null, 2);
}
