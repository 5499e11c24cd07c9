import { z } from 'zod';
import { minimumOf } from '../currencies.js';
import { applyPayment } from '../engine/invoicing.js';
import { cancelIntent, captureIntent, confirmIntent, createIntent, methodFor } from '../engine/payments.js';
import { address, amount, currency, flag, given, integer, mergeMetadata, metadata, text, timestamp, webAddress } from '../parameters.js';
import { amountTooSmall, cardDeclined, invalidRequest } from '../stripe-error.js';
import type { PaymentIntent } from '../wire.js';
import type { World } from '../world.js';
import { lists, retrieves, route, type Route } from './route.js';

const shipping = z.strictObject({
  name: text,
  address,
  carrier: text.optional(),
  phone: text.optional(),
  tracking_number: text.optional(),
});
const confirmSchema = z.strictObject({ payment_method: text.optional(), return_url: webAddress.optional(), off_session: flag.optional() });
const createSchema = z.strictObject({
  amount,
  currency,
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).optional(),
  confirm: flag.optional(),
  confirmation_method: z.enum(['automatic', 'manual']).optional(),
  customer: text.optional(),
  description: text.optional(),
  mandate_data: z
    .strictObject({ customer_acceptance: z.strictObject({ type: z.enum(['offline', 'online']), accepted_at: timestamp.optional() }) })
    .optional(),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  payment_method: text.optional(),
  payment_method_types: z.array(text).optional(),
  receipt_email: text.optional(),
  return_url: webAddress.optional(),
  setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
  shipping: shipping.optional(),
});

/** @throws StripeError 402 that carries the intent as it is after the decline */
function confirm(world: World, intent: PaymentIntent, methodId: string | undefined): PaymentIntent {
  const id = methodId ?? intent.payment_method;
  if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status))
    throw invalidRequest(`You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`, {
      code: 'payment_intent_unexpected_state',
    });
  if (id == null)
    throw invalidRequest("You cannot confirm this PaymentIntent because it's missing a payment method.", {
      code: 'payment_intent_unexpected_state',
    });
  const result = confirmIntent(world, intent, methodFor(world, id, 'payment_method'));
  applyPayment(world, result);
  if (result.outcome !== 'declined') return result.intent;
  const { latest_charge: charge, last_payment_error: error } = result.intent;
  throw cardDeclined({
    ...result.decline,
    ...(charge === null ? {} : { charge }),
    intent: result.intent,
    ...(error?.payment_method === undefined ? {} : { method: error.payment_method }),
  });
}

const intentRoutes: Route[] = [
  route('POST', '/v1/payment_intents', createSchema, (world, parameters) => {
    const {
      amount: due,
      capture_method,
      confirm: now,
      confirmation_method,
      customer,
      description,
      metadata: pairs,
      payment_method: method,
    } = parameters;
    const { payment_method_types, receipt_email, setup_future_usage, shipping: where } = parameters;
    if (due < minimumOf(parameters.currency)) throw amountTooSmall(minimumOf(parameters.currency), parameters.currency);
    if (customer !== undefined) world.require('customers', customer, 'customer');
    const intent = createIntent(world, {
      ...given({ capture_method, confirmation_method, customer, description, payment_method_types, receipt_email, setup_future_usage }),
      amount: due,
      currency: parameters.currency,
      metadata: mergeMetadata({}, pairs),
      ...(where === undefined ? {} : { shipping: { ...given(where), address: { ...NO_ADDRESS, ...given(where.address) } } }),
    });
    if (now === true) return confirm(world, intent, method);
    if (method === undefined) return intent;
    const chosen = methodFor(world, method, 'payment_method').id;
    return world.change('payment_intents', intent, { payment_method: chosen, status: 'requires_confirmation' });
  }),
  retrieves('/v1/payment_intents', 'payment_intents'),
  route(
    'POST',
    '/v1/payment_intents/:id',
    z.strictObject({ description: text.optional(), metadata: metadata.optional(), receipt_email: text.optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const intent = world.require('payment_intents', id);
      return world.change('payment_intents', intent, { ...given(plain), metadata: mergeMetadata(intent.metadata, pairs) });
    },
  ),
  route('POST', '/v1/payment_intents/:id/confirm', confirmSchema, (world, { payment_method: method }, id) =>
    confirm(world, world.require('payment_intents', id, 'intent'), method),
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/cancel',
    z.strictObject({ cancellation_reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned']).optional() }),
    (world, parameters, id) => {
      const intent = world.require('payment_intents', id, 'intent');
      if (['succeeded', 'canceled', 'processing'].includes(intent.status))
        throw invalidRequest(`You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`, {
          code: 'payment_intent_unexpected_state',
        });
      return cancelIntent(world, intent, parameters.cancellation_reason ?? null);
    },
  ),
  route('POST', '/v1/payment_intents/:id/capture', z.strictObject({ amount_to_capture: integer.optional() }), (world, parameters, id) => {
    const intent = world.require('payment_intents', id, 'intent');
    if (intent.status !== 'requires_capture')
      throw invalidRequest(`This PaymentIntent could not be captured because it has a status of ${intent.status}.`, {
        code: 'payment_intent_unexpected_state',
      });
    return captureIntent(world, intent, Math.min(parameters.amount_to_capture ?? intent.amount, intent.amount));
  }),
  lists(
    '/v1/payment_intents',
    'payment_intents',
    { customer: text.optional() },
    (intent, { customer }) => customer === undefined || intent.customer === customer,
  ),
];
const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

const chargeRoutes: Route[] = [
  retrieves('/v1/charges', 'charges'),
  route(
    'POST',
    '/v1/charges/:id',
    z.strictObject({ description: text.optional(), metadata: metadata.optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const charge = world.require('charges', id);
      return world.change('charges', charge, { ...given(plain), metadata: mergeMetadata(charge.metadata, pairs) }, 'charge.updated');
    },
  ),
  lists(
    '/v1/charges',
    'charges',
    { customer: text.optional(), payment_intent: text.optional() },
    (charge, { customer, payment_intent: intent }) =>
      (customer === undefined || charge.customer === customer) && (intent === undefined || charge.payment_intent === intent),
  ),
];

export const paymentRoutes: Route[] = [...intentRoutes, ...chargeRoutes];
