/** A checkout session, from the page's form to the subscription or payment that it makes. */
import { newCustomer, newTaxId } from '../objects/customer.js';
import { lineOfPrice } from '../objects/invoice.js';
import { invalidRequest } from '../stripe-error.js';
import type { CheckoutDetails } from '../store.js';
import { declineOf } from '../test-cards.js';
import type { CheckoutSession, Customer, Discount, PaymentIntent, PaymentMethod } from '../wire.js';
import type { World } from '../world.js';
import { priceSession } from './checkout-amounts.js';
import { redeem } from './discounts.js';
import { applyPayment, draftInvoice, finalizeInvoice, markPaid } from './invoicing.js';
import {
  addBankAccount,
  addCard,
  attachMethod,
  authenticateIntent,
  cancelIntent,
  confirmIntent,
  createIntent,
  settleIntent,
  type PaymentResult,
} from './payments.js';
import { startPaidSubscription } from './subscribing.js';

/** Where the customer is billed, as far as the page asks for it. */
export interface BilledTo {
  country: string;
  postalCode: string;
  vatId: string;
}

export type Payer = { email: string; name: string; billedTo: BilledTo } & (
  | { kind: 'card'; number: string; expMonth: number; expYear: number }
  | { kind: 'bank'; succeeds: boolean }
  | { kind: 'saved'; method: PaymentMethod }
);

export type CheckoutResult = { outcome: 'complete' } | { outcome: 'declined' } | { outcome: 'authenticate'; secret: string };

/** The customer submits the page's form. What goes wrong is kept for the page to say. */
export function paySession(world: World, session: CheckoutSession, payer: Payer): CheckoutResult {
  if (session.status !== 'open') throw invalidRequest('This Checkout Session is no longer open.');
  const method = methodOf(world, payer);
  const named = identify(world, session, payer);
  const details = world.require('checkout_details', session.id);
  if (details.subscription.trial_end !== null || (named.amount_total ?? 0) === 0) return saveMethodOnly(world, named, details, method);
  const intent =
    details.payment_intent === null
      ? createIntent(world, {
          amount: named.amount_total ?? 0,
          currency: session.currency ?? 'usd',
          customer: session.customer,
          metadata: details.intent_metadata,
          ...(session.mode === 'subscription' ? { description: 'Subscription creation', setup_future_usage: 'off_session' } : {}),
          ...(payer.kind === 'bank' ? { payment_method_types: ['sepa_debit'] } : {}),
        })
      : world.require('payment_intents', details.payment_intent);
  world.change('checkout_details', details, { payment_intent: intent.id });
  return continueSession(world, named, confirmIntent(world, intent, method));
}

/** What the page was told of the buyer; an address may change what is due. */
export function identify(world: World, session: CheckoutSession, { email, name, billedTo }: Omit<Payer, 'kind'>): CheckoutSession {
  const { country, postalCode, vatId } = billedTo;
  const named = world.change('checkout_sessions', session, {
    customer_details: {
      address: { city: null, country, line1: null, line2: null, postal_code: postalCode === '' ? null : postalCode, state: null },
      business_name: vatId === '' ? null : name,
      email,
      individual_name: null,
      name,
      phone: null,
      tax_exempt: 'none',
      tax_ids: vatId === '' ? [] : [{ type: country === 'GB' ? 'gb_vat' : 'eu_vat', value: vatId }],
    },
    ...(session.consent_collection === null
      ? {}
      : {
          consent: {
            promotions: null,
            terms_of_service: session.consent_collection.terms_of_service === 'required' ? ('accepted' as const) : null,
          },
        }),
  });
  return priceSession(world, named, world.require('checkout_details', session.id));
}

function methodOf(world: World, payer: Payer): PaymentMethod {
  if (payer.kind === 'saved') return payer.method;
  return payer.kind === 'card' ? addCard(world, payer) : addBankAccount(world, payer, payer.succeeds);
}

/** Nothing is due today: the card is only saved. */
function saveMethodOnly(world: World, session: CheckoutSession, details: CheckoutDetails, method: PaymentMethod): CheckoutResult {
  const card = world.store.get('cards', method.id);
  const decline = card?.refusesToBeSaved === true ? declineOf(card.behaviour) : undefined;
  if (decline !== undefined) {
    world.change('checkout_details', details, { problem: decline.message });
    return { outcome: 'declined' };
  }
  complete(world, session, method, undefined);
  return { outcome: 'complete' };
}

/** Goes on after a try to pay, or after the answer to an authentication. */
function continueSession(world: World, session: CheckoutSession, result: PaymentResult): CheckoutResult {
  const details = world.require('checkout_details', session.id);
  if (result.outcome === 'declined') {
    world.change('checkout_details', details, { problem: result.decline.message });
    return { outcome: 'declined' };
  }
  world.change('checkout_details', details, { problem: null });
  if (result.outcome === 'requires_action') return { outcome: 'authenticate', secret: result.intent.client_secret ?? '' };
  complete(world, session, world.require('payment_methods', result.intent.payment_method ?? ''), result.intent);
  return { outcome: 'complete' };
}

/** The answer given on the authentication page; `session` is the checkout that asked for it, if it was one. */
export function answerAuthentication(
  world: World,
  intent: PaymentIntent,
  confirmed: boolean,
): { session?: CheckoutSession; result: PaymentResult } {
  const session = sessionOf(world, intent);
  const result = authenticateIntent(world, intent, confirmed);
  if (session === undefined) {
    applyPayment(world, result);
    return { result };
  }
  if (session.status === 'open') continueSession(world, session, result);
  return { session: world.require('checkout_sessions', session.id), result };
}

export function sessionOf(world: World, intent: PaymentIntent): CheckoutSession | undefined {
  const details = world.store.find('checkout_details', (one) => one.payment_intent === intent.id);
  return details === undefined ? undefined : world.store.get('checkout_sessions', details.id);
}

function customerOf(world: World, session: CheckoutSession): Customer {
  const { email = null, name = null, address = null, tax_ids: ids } = session.customer_details ?? {};
  const where = session.automatic_tax.enabled ? { address } : {};
  const customer =
    session.customer === null
      ? world.add('customers', newCustomer(world.now(), { email, name, ...where }), 'customer.created')
      : world.change('customers', world.require('customers', session.customer, 'customer'), where, 'customer.updated');
  for (const { type, value } of ids ?? [])
    world.add('tax_ids', newTaxId(world.now(), customer.id, type, value ?? ''), 'customer.tax_id.created');
  return customer;
}

function complete(world: World, session: CheckoutSession, method: PaymentMethod, intent: PaymentIntent | undefined): void {
  const details = world.require('checkout_details', session.id);
  const unpaid = intent?.status === 'processing';
  const patch: Partial<CheckoutSession> = {
    status: 'complete',
    url: null,
    payment_status: intent === undefined ? 'no_payment_required' : unpaid ? 'unpaid' : 'paid',
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
  };
  if (session.mode === 'subscription') Object.assign(patch, subscribe(world, session, details, method, intent));
  else Object.assign(patch, { payment_intent: intent?.id ?? null }, invoiceFor(world, session, details, intent));
  world.emit('checkout.session.completed', world.change('checkout_sessions', session, patch));
}

function subscribe(
  world: World,
  session: CheckoutSession,
  details: CheckoutDetails,
  method: PaymentMethod,
  intent: PaymentIntent | undefined,
): Partial<CheckoutSession> {
  const customer = customerOf(world, session);
  attachMethod(world, method, customer.id);
  const owned = intent === undefined ? undefined : world.change('payment_intents', intent, { customer: customer.id });
  if (owned?.latest_charge != null)
    world.change('charges', world.require('charges', owned.latest_charge), { customer: customer.id, description: 'Subscription creation' });
  const ordered = details.lines.flatMap(({ price, quantity }) => (price === null ? [] : [{ price, quantity: quantity ?? 1 }]));
  const trialEnd = details.subscription.trial_end;
  const discounts = redeemedBy(world, details, customer.id, session.id);
  const { subscription, invoice } = startPaidSubscription(
    world,
    {
      customer,
      ordered,
      trialEnd,
      given: {
        discounts: discounts.map(({ id }) => id),
        ...(session.automatic_tax.enabled ? { automatic_tax: { disabled_reason: null, enabled: true, liability: { type: 'self' } } } : {}),
        metadata: details.subscription.metadata,
        description: details.subscription.description,
        trial_settings: {
          end_behavior: { billing_cycle_anchor: null, missing_payment_method: details.subscription.missing_payment_method },
        },
      },
    },
    owned,
  );
  for (const discount of discounts) world.change('discounts', discount, { subscription: subscription.id });
  if (owned?.status === 'succeeded') markPaid(world, invoice);
  const current = world.require('subscriptions', subscription.id);
  world.change('subscriptions', current, { default_payment_method: method.id }, 'customer.subscription.updated');
  return { customer: customer.id, subscription: subscription.id, invoice: invoice.id };
}

/** The discount of the checkout, which counts as redeemed from now on. */
function redeemedBy(world: World, { redeemed }: CheckoutDetails, customer: string, session: string): Discount[] {
  const coupon = world.store.get('coupons', redeemed?.coupon ?? '');
  if (coupon === undefined) return [];
  const promotionCode = world.store.get('promotion_codes', redeemed?.promotion_code ?? '') ?? null;
  return [redeem(world, { coupon, promotionCode }, { customer, subscription: null, checkout_session: session })];
}

function invoiceFor(
  world: World,
  session: CheckoutSession,
  details: CheckoutDetails,
  intent: PaymentIntent | undefined,
): Partial<CheckoutSession> {
  if (!details.invoice_creation || intent === undefined) return {};
  const customer = customerOf(world, session);
  const draft = draftInvoice(
    world,
    customer,
    (id) =>
      details.lines.flatMap((line) =>
        line.price === null ? [] : [lineOfPrice(id, world.now(), line.price, line.quantity ?? 1, line.description ?? '')],
      ),
    { currency: intent.currency },
  );
  const invoice = finalizeInvoice(world, draft, intent);
  if (intent.status === 'succeeded') markPaid(world, invoice);
  return { customer: customer.id, invoice: invoice.id };
}

/** The bank decides on a payment: its invoice, its subscription and its checkout learn of it. */
export function settle(world: World, intent: PaymentIntent, succeeds: boolean): void {
  const session = sessionOf(world, intent);
  applyPayment(world, settleIntent(world, intent, succeeds));
  if (session?.status !== 'complete' || session.payment_status !== 'unpaid') return;
  if (succeeds)
    world.emit('checkout.session.async_payment_succeeded', world.change('checkout_sessions', session, { payment_status: 'paid' }));
  else world.emit('checkout.session.async_payment_failed', session);
}

export function expireSession(world: World, session: CheckoutSession): CheckoutSession {
  const intent = world.store.get('payment_intents', world.store.get('checkout_details', session.id)?.payment_intent ?? '');
  if (intent !== undefined && intent.status !== 'succeeded') cancelIntent(world, intent, 'abandoned');
  return world.change('checkout_sessions', session, { status: 'expired', url: null }, 'checkout.session.expired');
}
