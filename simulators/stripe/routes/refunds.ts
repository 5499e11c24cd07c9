import { z } from 'zod';
import { chargeOf } from '../engine/payments.js';
import { refundCharge, settleRefund } from '../engine/refunds.js';
import { integer, mergeMetadata, metadata, text } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const refundCreate = z.strictObject({
  amount: integer.optional(),
  charge: text.optional(),
  metadata: metadata.optional(),
  payment_intent: text.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
});

export const refundRoutes: Route[] = [
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
  route('POST', '/v1/refunds/:id/cancel', noParameters, (world, _parameters, id) => {
    const refund = world.require('refunds', id);
    if (refund.status !== 'requires_action') throw invalidRequest('You can only cancel refunds that require an action.', { param: 'id' });
    return settleRefund(world, refund, 'canceled');
  }),
  lists(
    '/v1/refunds',
    'refunds',
    { charge: text.optional(), payment_intent: text.optional() },
    (refund, { charge, payment_intent: intent }) =>
      (charge === undefined || refund.charge === charge) && (intent === undefined || refund.payment_intent === intent),
  ),
];
