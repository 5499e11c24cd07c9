import { AppError } from '../../common/errors/app-error.js';

export class InvalidSignatureError extends AppError {
  static override readonly code = 'invalid_signature';
  static override readonly kind = 'invalid';
  static override readonly title = 'The signature is not valid';

  constructor() {
    super('The Stripe-Signature header does not sign this body, or its time is more than five minutes away.');
  }
}

export class AlreadySubscribedError extends AppError {
  static override readonly code = 'already_subscribed';
  static override readonly kind = 'conflict';
  static override readonly title = 'There is a subscription already';

  constructor() {
    super('This account has a subscription. The customer portal changes it; a cancelled one can be resumed.');
  }
}

export class NotSubscribedError extends AppError {
  static override readonly code = 'not_subscribed';
  static override readonly kind = 'conflict';
  static override readonly title = 'There is no subscription';

  constructor() {
    super('This account has no subscription at the payment provider.');
  }
}
