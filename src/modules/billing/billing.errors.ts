import { defineError } from '../../common/errors/app-error.js';

export class InvalidSignatureError extends defineError({
  code: 'invalid_signature',
  kind: 'invalid',
  title: 'The signature is not valid',
  detail: 'The Stripe-Signature header does not sign this body, or its time is more than five minutes away.',
}) {}

export class AlreadySubscribedError extends defineError({
  code: 'already_subscribed',
  kind: 'conflict',
  title: 'The account already has a subscription',
  detail: 'This account has a subscription. The customer portal changes it; a cancelled one can be resumed.',
}) {}

export class NotSubscribedError extends defineError({
  code: 'not_subscribed',
  kind: 'conflict',
  title: 'There is no subscription',
  detail: 'This account has no subscription at the payment provider.',
}) {}

export class OtherCurrencyError extends defineError({
  code: 'other_currency',
  kind: 'conflict',
  title: 'The account pays in another currency',
  occurrence: (currency: string) => ({
    detail: 'The payment provider lets a customer pay in one currency. Choose a price in `currency`.',
    members: { currency },
  }),
  example: 'eur',
}) {}

/** Stripe refuses the change for the state of the subscription, for example while its first payment is under way. */
export class ChangeRefusedError extends defineError({
  code: 'payment_provider_refused',
  kind: 'conflict',
  title: 'The payment provider refused',
  detail: 'The subscription cannot be changed like this in its present state. Read the status; the customer portal shows more.',
}) {}
