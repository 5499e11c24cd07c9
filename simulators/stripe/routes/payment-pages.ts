/**
 * The hosted page's own calls, which Stripe does not publish. Stripe's command line completes checkouts by them
 * (`stripe trigger checkout.session.completed`).
 */
import { z } from 'zod';
import { paySession } from '../engine/checkout.js';
import { methodFor } from '../engine/payments.js';
import { integer, text } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { retrieves, route, type Route } from './route.js';

const confirmSchema = z.strictObject({ payment_method: text, expected_amount: integer.optional() });

export const paymentPageRoutes: Route[] = [
  retrieves('/v1/payment_pages', 'checkout_sessions'),
  route('POST', '/v1/payment_pages/:id/confirm', confirmSchema, (world, { payment_method: id, expected_amount: expected }, sessionId) => {
    const session = world.require('checkout_sessions', sessionId);
    if (expected !== undefined && expected !== session.amount_total)
      throw invalidRequest('The amount of this Checkout Session is not the expected one.', { param: 'expected_amount' });
    const method = methodFor(world, id, 'payment_method');
    const { email, name, address } = method.billing_details;
    const billedTo = { country: address?.country ?? 'US', postalCode: address?.postal_code ?? '', vatId: '' };
    paySession(world, session, { kind: 'saved', method, email: email ?? '', name: name ?? '', billedTo });
    return world.require('checkout_sessions', sessionId);
  }),
];
