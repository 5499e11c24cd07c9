import { z } from 'zod';
import { addCard, attachMethod, methodFor } from '../engine/payments.js';
import { integer, mergeMetadata, metadata, text } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { numberOfTestName } from '../test-cards.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const card = z.strictObject({
  token: text.optional(),
  number: text.optional(),
  exp_month: integer.optional(),
  exp_year: integer.optional(),
  cvc: text.optional(),
});
const billing = z.strictObject({
  email: text.optional(),
  name: text.optional(),
  phone: text.optional(),
  address: z.record(z.string(), z.string()).optional(),
});
const createSchema = z.strictObject({ type: z.literal('card'), card, billing_details: billing.optional(), metadata: metadata.optional() });

export const paymentMethodRoutes: Route[] = [
  route('POST', '/v1/payment_methods', createSchema, (world, parameters) => {
    const { token, number = token === undefined ? undefined : numberOfTestName(token) } = parameters.card;
    if (number === undefined)
      throw invalidRequest(`No such token: '${token ?? ''}'`, {
        code: 'resource_missing',
        param: token === undefined ? 'card[number]' : 'card[token]',
      });
    const method = addCard(world, {
      number: number.replaceAll(' ', ''),
      expMonth: parameters.card.exp_month ?? 11,
      expYear: parameters.card.exp_year ?? new Date(world.now() * 1000).getUTCFullYear() + 1,
      name: parameters.billing_details?.name ?? null,
      email: parameters.billing_details?.email ?? null,
    });
    return world.change('payment_methods', method, { metadata: mergeMetadata({}, parameters.metadata) });
  }),
  retrieves('/v1/payment_methods', 'payment_methods'),
  route('POST', '/v1/payment_methods/:id', z.strictObject({ metadata: metadata.optional() }), (world, { metadata: pairs }, id) => {
    const method = world.require('payment_methods', id);
    return world.change('payment_methods', method, { metadata: mergeMetadata(method.metadata ?? {}, pairs) }, 'payment_method.updated');
  }),
  route('POST', '/v1/payment_methods/:id/attach', z.strictObject({ customer: text }), (world, { customer }, id) => {
    world.require('customers', customer, 'customer');
    return attachMethod(world, methodFor(world, id, 'payment_method'), customer);
  }),
  route('POST', '/v1/payment_methods/:id/detach', noParameters, (world, _parameters, id) => {
    const method = world.require('payment_methods', id, 'payment_method');
    if (method.customer === null)
      throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.', {
        param: 'payment_method',
      });
    return world.change('payment_methods', method, { customer: null }, 'payment_method.detached');
  }),
  lists(
    '/v1/payment_methods',
    'payment_methods',
    { customer: text.optional(), type: text.optional() },
    (method, { customer, type }) =>
      (customer === undefined || method.customer === customer) && (type === undefined || method.type === type),
  ),
];
