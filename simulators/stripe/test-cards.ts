/** The result of charging a card. */
export type CardBehaviour =
  | 'pays'
  | 'generic_decline'
  | 'insufficient_funds'
  | 'lost_card'
  | 'expired_card'
  | 'incorrect_cvc'
  | 'processing_error'
  | 'authenticates_once'
  | 'authenticates_always'
  | 'disputes'
  | 'inquires'
  | 'refunds_later'
  | 'refund_fails'
  | 'settles_later'
  | 'fails_later';

/** The simulator's own data of a payment method, which Stripe does not show. */
export interface Card {
  /** of the payment method */
  id: string;
  number: string;
  behaviour: CardBehaviour;
  /** Declined even when it is only saved, not yet charged. */
  refusesToBeSaved: boolean;
  /** An authentication was completed: `authenticates_once` asks no more. */
  authenticated: boolean;
}

export const CARD_BEHAVIOURS: readonly CardBehaviour[] = [
  ...(['pays', 'generic_decline', 'insufficient_funds', 'lost_card', 'expired_card', 'incorrect_cvc', 'processing_error'] as const),
  ...(['authenticates_once', 'authenticates_always', 'disputes', 'inquires', 'settles_later', 'fails_later'] as const),
  ...(['refunds_later', 'refund_fails'] as const),
];

/** The numbers of https://docs.stripe.com/testing and what they do. */
const BY_NUMBER: Readonly<Record<string, CardBehaviour>> = {
  '4242424242424242': 'pays',
  '4000056655665556': 'pays',
  '5555555555554444': 'pays',
  '378282246310005': 'pays',
  '4000000000000077': 'pays',
  '4000000000000002': 'generic_decline',
  '4000000000000341': 'generic_decline',
  '4000000000009995': 'insufficient_funds',
  '4000000000009987': 'lost_card',
  '4000000000000069': 'expired_card',
  '4000000000000127': 'incorrect_cvc',
  '4000000000000119': 'processing_error',
  '4000002500003155': 'authenticates_once',
  '4000002760003184': 'authenticates_always',
  '4000000000003220': 'authenticates_always',
  '4000000000000259': 'disputes',
  '4000000000001976': 'inquires',
  '4000000000007726': 'refunds_later',
  '4000000000005126': 'refund_fails',
};

/** Test payment methods (`pm_card_…`) and tokens (`tok_…`) stand for a number. */
const BY_NAME: Readonly<Record<string, string>> = {
  visa: '4242424242424242',
  visa_debit: '4000056655665556',
  mastercard: '5555555555554444',
  amex: '378282246310005',
  bypassPending: '4000000000000077',
  chargeDeclined: '4000000000000002',
  visa_chargeDeclined: '4000000000000002',
  chargeCustomerFail: '4000000000000341',
  chargeDeclinedInsufficientFunds: '4000000000009995',
  visa_chargeDeclinedInsufficientFunds: '4000000000009995',
  chargeDeclinedLostCard: '4000000000009987',
  chargeDeclinedExpiredCard: '4000000000000069',
  chargeDeclinedIncorrectCvc: '4000000000000127',
  chargeDeclinedProcessingError: '4000000000000119',
  authenticationRequiredOnSetup: '4000002500003155',
  authenticationRequired: '4000002760003184',
  threeDSecure2Required: '4000000000003220',
  createDispute: '4000000000000259',
  createDisputeInquiry: '4000000000001976',
  pendingRefund: '4000000000007726',
  refundFail: '4000000000005126',
};

/** The number behind `pm_card_visa`, `tok_visa` and their like. */
export function numberOfTestName(name: string): string | undefined {
  const key = /^(?:pm_card_|tok_)(\w+)$/.exec(name)?.[1];
  return key === undefined || !Object.hasOwn(BY_NAME, key) ? undefined : BY_NAME[key];
}

/**
 * Returns the behaviour of a card number, or undefined for one that is no test card (and so is refused, as Stripe
 * refuses real cards in test mode).
 */
export function behaviourOfNumber(number: string): CardBehaviour | undefined {
  return Object.hasOwn(BY_NUMBER, number) ? BY_NUMBER[number] : undefined;
}

/** …0341 can be saved and fails when charged; the other declined cards cannot even be saved. */
export function refusesToBeSaved(number: string): boolean {
  return number !== '4000000000000341' && declineOf(behaviourOfNumber(number) ?? 'pays') !== undefined;
}

export function brandOf(number: string): 'visa' | 'mastercard' | 'amex' {
  if (number.startsWith('5')) return 'mastercard';
  return number.startsWith('3') ? 'amex' : 'visa';
}

/** Why a payment failed, in Stripe's codes. */
export interface Decline {
  code:
    | 'card_declined'
    | 'expired_card'
    | 'incorrect_cvc'
    | 'processing_error'
    | 'payment_intent_authentication_failure'
    | 'payment_intent_payment_attempt_failed';
  declineCode?: string;
  message: string;
}

/** The words in which a charge is declined, or undefined for a card that is not. */
export function declineOf(behaviour: CardBehaviour): Decline | undefined {
  switch (behaviour) {
    case 'generic_decline':
      return { code: 'card_declined', declineCode: 'generic_decline', message: 'Your card was declined.' };
    case 'insufficient_funds':
      return { code: 'card_declined', declineCode: 'insufficient_funds', message: 'Your card has insufficient funds.' };
    case 'lost_card':
      return { code: 'card_declined', declineCode: 'lost_card', message: 'Your card was declined.' };
    case 'expired_card':
      return { code: 'expired_card', message: 'Your card has expired.' };
    case 'incorrect_cvc':
      return { code: 'incorrect_cvc', message: "Your card's security code is incorrect." };
    case 'processing_error':
      return { code: 'processing_error', message: 'An error occurred while processing your card. Try again in a little bit.' };
    case 'pays':
    case 'authenticates_once':
    case 'authenticates_always':
    case 'disputes':
    case 'inquires':
    case 'refunds_later':
    case 'refund_fails':
    case 'settles_later':
    case 'fails_later':
      return undefined;
  }
}
