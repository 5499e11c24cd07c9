import { z } from 'zod';
import { addBankAccount, addCard, attachMethod, methodFor } from '../engine/payments.js';
import { integer, mergeMetadata, metadata, text } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { numberOfTestName } from '../test-cards.js';
import type { PaymentMethod } from '../wire.js';
import type { World } from '../world.js';
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
const createSchema = z.strictObject({
  type: z.enum(['card', 'sepa_debit']),
  card: card.optional(),
  sepa_debit: z.strictObject({ iban: text }).optional(),
  billing_details: billing.optional(),
  metadata: metadata.optional(),
});
/** Stripe's account number whose debit fails; every other one's succeeds. Both are decided days later. */
const FAILING_IBAN = 'AT861904300235473202';

function create(world: World, parameters: z.output<typeof createSchema>): PaymentMethod {
  const { type, card: typed, sepa_debit: debit, billing_details: owner } = parameters;
  const who = { name: owner?.name ?? null, email: owner?.email ?? null };
  if (type === 'sepa_debit') {
    if (debit === undefined)
      throw invalidRequest('Missing required param: sepa_debit.', { code: 'parameter_missing', param: 'sepa_debit' });
    return addBankAccount(world, who, debit.iban.replaceAll(' ', '') !== FAILING_IBAN);
  }
  if (typed === undefined) throw invalidRequest('Missing required param: card.', { code: 'parameter_missing', param: 'card' });
  const { token, number = token === undefined ? undefined : numberOfTestName(token) } = typed;
  if (number === undefined && token !== undefined)
    throw invalidRequest(`No such token: '${token}'`, { code: 'resource_missing', param: 'card[token]' });
  if (number === undefined)
    throw invalidRequest('Missing required param: card[number].', { code: 'parameter_missing', param: 'card[number]' });
  return addCard(world, {
    number: number.replaceAll(' ', ''),
    expMonth: typed.exp_month ?? 11,
    expYear: typed.exp_year ?? new Date(world.now() * 1000).getUTCFullYear() + 1,
    ...who,
  });
}

export const paymentMethodRoutes: Route[] = [
  route('POST', '/v1/payment_methods', createSchema, (world, parameters) =>
    world.change('payment_methods', create(world, parameters), { metadata: mergeMetadata({}, parameters.metadata) }),
  ),
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
