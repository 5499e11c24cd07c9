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
