import { z } from 'zod';
import { attachMethod, cardOfToken, methodFor } from '../engine/payments.js';
import { isLive } from '../engine/scheduling.js';
import { cancelNow } from '../engine/subscribing.js';
import { cancelSchedule, hasEnded } from '../engine/subscription-state.js';
import { newCustomer } from '../objects/customer.js';
import { address, email, given, mergeMetadata, metadata, paging, text, unsettable } from '../parameters.js';
import { listPage } from './listing.js';
import { lists, noParameters, route, type Route } from './route.js';
import { resourceMissing } from '../stripe-error.js';
import type { Customer } from '../wire.js';

const fields = {
  address: unsettable(address).optional(),
  description: unsettable(text).optional(),
  email: unsettable(email).optional(),
  metadata: metadata.optional(),
  name: unsettable(text).optional(),
  phone: unsettable(text).optional(),
  preferred_locales: z.array(text).optional(),
  invoice_settings: z.strictObject({ default_payment_method: unsettable(text).optional() }).optional(),
};
const createSchema = z.strictObject({ ...fields, payment_method: text.optional(), source: text.optional() });
const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

function plainFields(
  parameters: Omit<z.output<typeof createSchema>, 'metadata' | 'invoice_settings' | 'payment_method' | 'source'>,
): Partial<Customer> {
  const { address: where, description, email: mail, name, phone, preferred_locales } = parameters;
  const full = where === undefined ? undefined : where === null ? null : { ...NO_ADDRESS, ...given(where) };
  return given({ address: full, description, email: mail, name, phone, preferred_locales });
}

export const customerRoutes: Route[] = [
  route('POST', '/v1/customers', createSchema, (world, { metadata: pairs, payment_method, source, invoice_settings, ...plain }) => {
    const customer = world.add('customers', newCustomer(world.now(), { ...plainFields(plain), metadata: mergeMetadata({}, pairs) }));
    const method =
      payment_method === undefined ? undefined : attachMethod(world, methodFor(world, payment_method, 'payment_method'), customer.id);
    const wanted = invoice_settings?.default_payment_method;
    // A test name stands for the payment method that this same request has just made of it.
    const byDefault = wanted === payment_method && method !== undefined ? method.id : wanted;
    const settings = { ...customer.invoice_settings, ...given({ default_payment_method: byDefault }) };
    const card = source === undefined ? null : attachMethod(world, cardOfToken(world, source, 'source'), customer.id).id;
    const created = world.change('customers', customer, { invoice_settings: settings, default_source: card });
    world.emit('customer.created', created);
    return created;
  }),
  route(
    'GET',
    '/v1/customers/:id',
    noParameters,
    (world, _parameters, id) => world.store.get('tombstones', id) ?? world.require('customers', id),
  ),
  route('POST', '/v1/customers/:id', z.strictObject(fields), (world, { metadata: pairs, invoice_settings, ...plain }, id) => {
    const customer = world.require('customers', id);
    const byDefault = invoice_settings?.default_payment_method;
    if (byDefault != null && world.require('payment_methods', byDefault, 'invoice_settings[default_payment_method]').customer !== id)
      throw resourceMissing('PaymentMethod', byDefault, 'invoice_settings[default_payment_method]');
    return world.change(
      'customers',
      customer,
      {
        ...plainFields(plain),
        metadata: mergeMetadata(customer.metadata, pairs),
        invoice_settings: { ...customer.invoice_settings, ...given({ default_payment_method: byDefault }) },
      },
      'customer.updated',
    );
  }),
  route('DELETE', '/v1/customers/:id', noParameters, (world, _parameters, id) => {
    const customer = world.require('customers', id);
    for (const subscription of world.store.all('subscriptions'))
      if (subscription.customer === id && !hasEnded(subscription)) cancelNow(world, subscription);
    for (const schedule of world.store.all('schedules'))
      if (schedule.customer === id && isLive(schedule)) cancelSchedule(world, schedule, 'subscription_schedule.canceled');
    for (const method of world.store.all('payment_methods'))
      if (method.customer === id) world.change('payment_methods', method, { customer: null }, 'payment_method.detached');
    world.store.delete('customers', id);
    world.emit('customer.deleted', customer);
    return world.add('tombstones', { id, object: 'customer', deleted: true });
  }),
  lists(
    '/v1/customers',
    'customers',
    { email: text.optional() },
    (customer, { email: wanted }) => wanted === undefined || customer.email === wanted,
  ),
  route('GET', '/v1/customers/:id/payment_methods', z.strictObject({ ...paging, type: text.optional() }), (world, parameters, id) => {
    world.require('customers', id);
    const { type } = parameters;
    const rows = world.store.all('payment_methods').filter((one) => one.customer === id && (type === undefined || one.type === type));
    return listPage(`/v1/customers/${id}/payment_methods`, rows, parameters);
  }),
];
