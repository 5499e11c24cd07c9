import { z } from 'zod';
import { applyPayment } from '../engine/invoicing.js';
import {
  cancelIntent,
  captureIntent,
  chargeOf,
  closeDispute,
  confirmIntent,
  createIntent,
  methodFor,
  refundCharge,
} from '../engine/payments.js';
import { address, flag, given, integer, mergeMetadata, metadata, text, timestamp, webAddress } from '../parameters.js';
import { cardDeclined, invalidRequest } from '../stripe-error.js';
import type { PaymentIntent } from '../wire.js';
import type { World } from '../world.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const shipping = z.strictObject({
  name: text,
  address,
  carrier: text.optional(),
  phone: text.optional(),
  tracking_number: text.optional(),
});
const confirmSchema = z.strictObject({ payment_method: text.optional(), return_url: webAddress.optional(), off_session: flag.optional() });
const createSchema = z.strictObject({
  amount: integer,
  currency: text,
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
      amount,
      capture_method,
      confirm: now,
      confirmation_method,
      customer,
      description,
      metadata: pairs,
      payment_method: method,
    } = parameters;
    const { payment_method_types, receipt_email, setup_future_usage, shipping: where } = parameters;
    if (amount < 1)
      throw invalidRequest('This value must be greater than or equal to 1.', { code: 'parameter_invalid_integer', param: 'amount' });
    if (customer !== undefined) world.require('customers', customer, 'customer');
    const intent = createIntent(world, {
      ...given({ capture_method, confirmation_method, customer, description, payment_method_types, receipt_email, setup_future_usage }),
      amount,
      currency: parameters.currency.toLowerCase(),
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

const refundCreate = z.strictObject({
  amount: integer.optional(),
  charge: text.optional(),
  metadata: metadata.optional(),
  payment_intent: text.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
});

const refundRoutes: Route[] = [
  route('POST', '/v1/refunds', refundCreate, (world, parameters) =>
    refundCharge(world, chargeOf(world, parameters), {
      amount: parameters.amount,
      reason: parameters.reason ?? null,
      metadata: mergeMetadata({}, parameters.metadata),
    }),
  ),
  retrieves('/v1/refunds', 'refunds'),
  route('POST', '/v1/refunds/:id', z.strictObject({ metadata: metadata.optional() }), (world, { metadata: pairs }, id) => {
    const refund = world.require('refunds', id);
    const next = world.change('refunds', refund, { metadata: mergeMetadata(refund.metadata ?? {}, pairs) }, 'refund.updated');
    if (next !== refund) world.emit('charge.refund.updated', next, { metadata: refund.metadata });
    return next;
  }),
  lists(
    '/v1/refunds',
    'refunds',
    { charge: text.optional(), payment_intent: text.optional() },
    (refund, { charge, payment_intent: intent }) =>
      (charge === undefined || refund.charge === charge) && (intent === undefined || refund.payment_intent === intent),
  ),
];

const disputeRoutes: Route[] = [
  retrieves('/v1/disputes', 'disputes'),
  route(
    'POST',
    '/v1/disputes/:id',
    z.strictObject({ metadata: metadata.optional(), evidence: z.record(z.string(), z.string()).optional(), submit: flag.optional() }),
    (world, { metadata: pairs, evidence, submit }, id) => {
      const dispute = world.require('disputes', id);
      const submitted = evidence !== undefined && submit === true;
      return world.change(
        'disputes',
        dispute,
        {
          metadata: mergeMetadata(dispute.metadata, pairs),
          ...(evidence === undefined ? {} : { evidence: { ...dispute.evidence, ...evidence } }),
          ...(submitted
            ? { status: 'under_review', evidence_details: { ...dispute.evidence_details, has_evidence: true, submission_count: 1 } }
            : {}),
        },
        'charge.dispute.updated',
      );
    },
  ),
  route('POST', '/v1/disputes/:id/close', noParameters, (world, _parameters, id) =>
    closeDispute(world, world.require('disputes', id), 'lost'),
  ),
  lists(
    '/v1/disputes',
    'disputes',
    { charge: text.optional(), payment_intent: text.optional() },
    (dispute, { charge, payment_intent: intent }) =>
      (charge === undefined || dispute.charge === charge) && (intent === undefined || dispute.payment_intent === intent),
  ),
];

export const paymentRoutes: Route[] = [...intentRoutes, ...chargeRoutes, ...refundRoutes, ...disputeRoutes];
