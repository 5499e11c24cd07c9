/** The outcome of a payment when a card is charged, an authentication is answered, or a bank decides. */
import { newBankMethod, newCardMethod, newCharge, newPaymentIntent } from '../objects/payment.js';
import { cardDeclined, invalidRequest, resourceMissing } from '../stripe-error.js';
import { behaviourOfNumber, declineOf, numberOfTestName, refusesToBeSaved, type Decline } from '../test-cards.js';
import type { Charge, PaymentIntent, PaymentMethod } from '../wire.js';
import type { World } from '../world.js';
import { openDispute } from './disputes.js';

const NO_CARD: Decline = {
  code: 'card_declined',
  declineCode: 'test_mode_live_card',
  message:
    'Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.',
};
const FAILED_DEBIT: Decline = {
  code: 'payment_intent_payment_attempt_failed',
  declineCode: 'generic_decline',
  message: 'The bank refused the debit.',
};
const NOT_AUTHENTICATED: Decline = {
  code: 'payment_intent_authentication_failure',
  message: 'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

export type PaymentResult =
  | { outcome: 'succeeded' | 'processing' | 'requires_action' | 'requires_capture'; intent: PaymentIntent }
  | { outcome: 'declined'; intent: PaymentIntent; decline: Decline };

export function createIntent(world: World, given: Parameters<typeof newPaymentIntent>[1]): PaymentIntent {
  return world.add('payment_intents', newPaymentIntent(world.now(), given), 'payment_intent.created');
}

/** Keeps a card under a new payment method. A number that is no test card is kept as one that is always declined. */
export function addCard(world: World, card: Parameters<typeof newCardMethod>[1]): PaymentMethod {
  const method = world.add('payment_methods', newCardMethod(world.now(), card));
  const behaviour = behaviourOfNumber(card.number) ?? 'generic_decline';
  world.add('cards', {
    id: method.id,
    number: card.number,
    behaviour,
    refusesToBeSaved: refusesToBeSaved(card.number),
    authenticated: false,
  });
  return method;
}

/** Keeps a bank account, whose debits are decided days later. */
export function addBankAccount(world: World, owner: Parameters<typeof newBankMethod>[1], succeeds: boolean): PaymentMethod {
  const method = world.add('payment_methods', newBankMethod(world.now(), owner));
  const behaviour = succeeds ? 'settles_later' : 'fails_later';
  world.add('cards', { id: method.id, number: '', behaviour, refusesToBeSaved: false, authenticated: false });
  return method;
}

/** The payment method of that id; a test name (`pm_card_visa`) makes a new one. */
export function methodFor(world: World, id: string, param: string): PaymentMethod {
  const number = id.startsWith('pm_card_') ? numberOfTestName(id) : undefined;
  if (number === undefined) return world.require('payment_methods', id, param);
  return addCard(world, { number, expMonth: 11, expYear: new Date(world.now() * 1000).getUTCFullYear() + 1 });
}

/** A new card for a test token (`tok_visa`). @throws StripeError 400 for any other token */
export function cardOfToken(world: World, token: string, param: string): PaymentMethod {
  const number = token.startsWith('tok_') ? numberOfTestName(token) : undefined;
  if (number === undefined) throw invalidRequest(`No such token: '${token}'`, { code: 'resource_missing', param });
  return addCard(world, { number, expMonth: 11, expYear: new Date(world.now() * 1000).getUTCFullYear() + 1 });
}

/** @throws StripeError 402 for a card that cannot even be saved */
export function attachMethod(world: World, method: PaymentMethod, customer: string): PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer !== null)
    throw invalidRequest('The payment method you provided has already been attached to a customer.', { param: 'payment_method' });
  const card = world.store.get('cards', method.id);
  const decline = card?.refusesToBeSaved === true ? declineOf(card.behaviour) : undefined;
  if (decline !== undefined) throw cardDeclined(decline);
  return world.change('payment_methods', method, { customer }, 'payment_method.attached');
}

/**
 * Tries to take the money of `intent` from `method`.
 * @param authenticated the customer has just confirmed it at the bank
 */
export function confirmIntent(world: World, intent: PaymentIntent, method: PaymentMethod, authenticated = false): PaymentResult {
  const card = world.store.get('cards', method.id);
  const behaviour = card?.behaviour ?? 'generic_decline';
  const decline = card !== undefined && behaviourOfNumber(card.number) === undefined && method.card ? NO_CARD : declineOf(behaviour);
  const chosen = world.change('payment_intents', intent, { payment_method: method.id });
  if (decline !== undefined) return declineIntent(world, chosen, method, decline);
  if (behaviour === 'settles_later' || behaviour === 'fails_later')
    return waitForBank(world, chosen, method, behaviour === 'settles_later');
  const asks = behaviour === 'authenticates_always' || (behaviour === 'authenticates_once' && card?.authenticated !== true);
  if (asks && !authenticated) return askForAuthentication(world, chosen);
  if (card !== undefined && authenticated) world.change('cards', card, { authenticated: true });
  const charge = world.add('charges', newCharge(world.now(), chosen, method, 'succeeded'), 'charge.succeeded');
  if (chosen.capture_method === 'manual') {
    const held = world.change(
      'payment_intents',
      chosen,
      {
        status: 'requires_capture',
        amount_capturable: chosen.amount,
        latest_charge: charge.id,
        next_action: null,
        last_payment_error: null,
      },
      'payment_intent.amount_capturable_updated',
    );
    return { outcome: 'requires_capture', intent: held };
  }
  const paid = succeed(world, chosen, charge);
  if (behaviour === 'disputes') openDispute(world, charge, 'fraudulent');
  if (behaviour === 'inquires') openDispute(world, charge, 'fraudulent', 'warning_needs_response');
  return { outcome: 'succeeded', intent: paid };
}

function succeed(world: World, intent: PaymentIntent, charge: Charge): PaymentIntent {
  return world.change(
    'payment_intents',
    intent,
    {
      status: 'succeeded',
      amount_received: intent.amount,
      amount_capturable: 0,
      latest_charge: charge.id,
      next_action: null,
      last_payment_error: null,
      processing: null,
    },
    'payment_intent.succeeded',
  );
}

function declineIntent(world: World, intent: PaymentIntent, method: PaymentMethod, decline: Decline): PaymentResult {
  const charge = world.add('charges', newCharge(world.now(), intent, method, 'failed', decline), 'charge.failed');
  return { outcome: 'declined', intent: refuse(world, intent, method, decline, charge), decline };
}

function refuse(world: World, intent: PaymentIntent, method: PaymentMethod | undefined, decline: Decline, charge?: Charge): PaymentIntent {
  return world.change(
    'payment_intents',
    intent,
    {
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      processing: null,
      ...(charge === undefined ? {} : { latest_charge: charge.id }),
      last_payment_error: {
        ...(charge === undefined ? {} : { charge: charge.id }),
        code: decline.code,
        ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
        doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll('_', '-')}`,
        message: decline.message,
        ...(method === undefined ? {} : { payment_method: method }),
        type: 'card_error',
      },
    },
    'payment_intent.payment_failed',
  );
}

function askForAuthentication(world: World, intent: PaymentIntent): PaymentResult {
  const asked = world.change(
    'payment_intents',
    intent,
    {
      status: 'requires_action',
      next_action: {
        redirect_to_url: { return_url: null, url: `${world.address()}/authenticate/${intent.client_secret ?? intent.id}` },
        type: 'redirect_to_url',
      },
    },
    'payment_intent.requires_action',
  );
  return { outcome: 'requires_action', intent: asked };
}

/** The customer's answer at the bank. */
export function authenticateIntent(world: World, intent: PaymentIntent, confirmed: boolean): PaymentResult {
  const method = intent.payment_method === null ? undefined : world.store.get('payment_methods', intent.payment_method);
  if (intent.status !== 'requires_action' || method === undefined)
    throw invalidRequest('This payment does not wait for an authentication.');
  if (confirmed) return confirmIntent(world, intent, method, true);
  return { outcome: 'declined', intent: refuse(world, intent, method, NOT_AUTHENTICATED), decline: NOT_AUTHENTICATED };
}

function waitForBank(world: World, intent: PaymentIntent, method: PaymentMethod, succeeds: boolean): PaymentResult {
  const charge = world.add('charges', newCharge(world.now(), intent, method, 'pending'), 'charge.pending');
  const waiting = world.change(
    'payment_intents',
    intent,
    { status: 'processing', latest_charge: charge.id, next_action: null, last_payment_error: null },
    'payment_intent.processing',
  );
  world.add('settlements', { id: intent.id, at: world.now() + world.rules.settleSeconds, outcome: succeeds ? 'succeeds' : 'fails' });
  return { outcome: 'processing', intent: waiting };
}

/** The bank's decision on a payment that was processing. */
export function settleIntent(world: World, intent: PaymentIntent, succeeds: boolean): PaymentResult {
  world.store.delete('settlements', intent.id);
  const charge = world.require('charges', intent.latest_charge ?? '');
  if (succeeds) {
    const patch = { status: 'succeeded' as const, captured: true, amount_captured: charge.amount, paid: true };
    return { outcome: 'succeeded', intent: succeed(world, intent, world.change('charges', charge, patch, 'charge.succeeded')) };
  }
  const patch = { status: 'failed' as const, paid: false, failure_code: FAILED_DEBIT.code, failure_message: FAILED_DEBIT.message };
  const failed = world.change('charges', charge, patch, 'charge.failed');
  const method = world.store.get('payment_methods', intent.payment_method ?? '');
  return { outcome: 'declined', intent: refuse(world, intent, method, FAILED_DEBIT, failed), decline: FAILED_DEBIT };
}

export function cancelIntent(world: World, intent: PaymentIntent, reason: PaymentIntent['cancellation_reason']): PaymentIntent {
  world.store.delete('settlements', intent.id);
  const patch = { canceled_at: world.now(), cancellation_reason: reason, next_action: null, amount_capturable: 0 };
  return world.change('payment_intents', intent, { ...patch, status: 'canceled' }, 'payment_intent.canceled');
}

export function captureIntent(world: World, intent: PaymentIntent, amount: number): PaymentIntent {
  const charge = world.require('charges', intent.latest_charge ?? '');
  const captured = world.change('charges', charge, { captured: true, amount_captured: amount }, 'charge.captured');
  return succeed(world, { ...intent, amount }, captured);
}

/** The charge that a refund or a dispute is about. */
export function chargeOf(world: World, given: { charge?: string | undefined; payment_intent?: string | undefined }): Charge {
  if (given.charge !== undefined) return world.require('charges', given.charge, 'charge');
  if (given.payment_intent === undefined)
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.');
  const intent = world.require('payment_intents', given.payment_intent, 'payment_intent');
  const charge = intent.latest_charge === null ? undefined : world.store.get('charges', intent.latest_charge);
  if (charge === undefined) throw resourceMissing('charge', given.payment_intent, 'payment_intent');
  return charge;
}
