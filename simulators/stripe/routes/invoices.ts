import { z } from 'zod';
import {
  chargeInvoice,
  draftInvoice,
  finalizeInvoice,
  markPaid,
  markUncollectible,
  subscriptionOf,
  voidInvoice,
} from '../engine/invoicing.js';
import { methodFor } from '../engine/payments.js';
import { lineOfInvoiceItem, newInvoiceItem } from '../objects/invoice.js';
import { flag, given, integer, mergeMetadata, metadata, paging, text, unsettable } from '../parameters.js';
import { cardDeclined, invalidRequest } from '../stripe-error.js';
import type { Invoice } from '../wire.js';
import type { World } from '../world.js';
import { listPage } from './listing.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const createSchema = z.strictObject({
  auto_advance: flag.optional(),
  collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
  currency: text.optional(),
  customer: text,
  days_until_due: integer.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  pending_invoice_items_behavior: z.enum(['include', 'exclude']).optional(),
});
const paySchema = z.strictObject({ payment_method: text.optional(), paid_out_of_band: flag.optional(), off_session: flag.optional() });

function create(world: World, parameters: z.output<typeof createSchema>): Invoice {
  const customer = world.require('customers', parameters.customer, 'customer');
  const include = parameters.pending_invoice_items_behavior === 'include';
  const items = include ? world.store.all('invoice_items').filter((item) => item.customer === customer.id && item.invoice === null) : [];
  const method = parameters.collection_method ?? 'charge_automatically';
  const days = parameters.days_until_due;
  if (method === 'send_invoice' && days === undefined)
    throw invalidRequest("If `collection_method` is 'send_invoice', you must also specify either `days_until_due` or `due_date`.", {
      param: 'days_until_due',
    });
  const invoice = draftInvoice(world, customer, (id) => items.map((item) => lineOfInvoiceItem(id, item)), {
    auto_advance: parameters.auto_advance ?? false,
    collection_method: method,
    currency: parameters.currency ?? items[0]?.currency ?? customer.currency ?? 'usd',
    description: parameters.description ?? null,
    metadata: mergeMetadata({}, parameters.metadata),
    ...(days === undefined ? {} : { due_date: world.now() + days * 86_400 }),
  });
  for (const item of items) world.change('invoice_items', item, { invoice: invoice.id });
  return invoice;
}

/** @throws StripeError 402 when the card is declined or asks for the customer */
function pay(world: World, { payment_method: method, paid_out_of_band: elsewhere }: z.output<typeof paySchema>, id: string): Invoice {
  const found = world.require('invoices', id);
  if (found.status === 'paid') throw invalidRequest('Invoice is already paid', { code: 'invoice_already_paid' });
  const invoice = found.status === 'draft' ? finalizeInvoice(world, found) : found;
  if (invoice.status === 'paid') return invoice;
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
    throw invalidRequest('This invoice cannot be paid.', { code: 'invoice_not_editable' });
  if (elsewhere === true) return markPaid(world, invoice);
  const result = chargeInvoice(world, invoice, method === undefined ? undefined : methodFor(world, method, 'payment_method'));
  if (result === undefined)
    throw cardDeclined({
      code: 'resource_missing',
      message: 'There is no `default_payment_method` set on this Customer or Invoice. Please set one.',
    });
  if (result.outcome === 'declined')
    throw cardDeclined({
      ...result.decline,
      ...(result.intent.latest_charge === null ? {} : { charge: result.intent.latest_charge }),
      intent: result.intent,
    });
  if (result.outcome === 'requires_action')
    throw cardDeclined({
      code: 'invoice_payment_intent_requires_action',
      message: 'This payment requires additional user action before it can be completed successfully.',
      intent: result.intent,
    });
  return world.require('invoices', id);
}

const byCustomer = { customer: text.optional() };

export const invoiceRoutes: Route[] = [
  route('POST', '/v1/invoices', createSchema, create),
  retrieves('/v1/invoices', 'invoices'),
  route(
    'POST',
    '/v1/invoices/:id',
    z.strictObject({ auto_advance: flag.optional(), description: unsettable(text).optional(), metadata: metadata.optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const invoice = world.require('invoices', id);
      return world.change(
        'invoices',
        invoice,
        { ...given(plain), metadata: mergeMetadata(invoice.metadata ?? {}, pairs) },
        'invoice.updated',
      );
    },
  ),
  route('DELETE', '/v1/invoices/:id', noParameters, (world, _parameters, id) => {
    const invoice = world.require('invoices', id);
    if (invoice.status !== 'draft' || subscriptionOf(world, invoice) !== undefined)
      throw invalidRequest('You can only delete draft invoices that are not of a subscription.', { param: 'invoice' });
    for (const item of world.store.all('invoice_items')) if (item.invoice === id) world.change('invoice_items', item, { invoice: null });
    world.store.delete('invoices', id);
    world.emit('invoice.deleted', invoice);
    return { id, object: 'invoice', deleted: true };
  }),
  route('POST', '/v1/invoices/:id/finalize', z.strictObject({ auto_advance: flag.optional() }), (world, _parameters, id) =>
    finalizeInvoice(world, world.require('invoices', id)),
  ),
  route('POST', '/v1/invoices/:id/pay', paySchema, pay),
  route('POST', '/v1/invoices/:id/send', noParameters, (world, _parameters, id) => {
    const found = world.require('invoices', id);
    const invoice = found.status === 'draft' ? finalizeInvoice(world, found) : found;
    world.emit('invoice.sent', invoice);
    return invoice;
  }),
  route('POST', '/v1/invoices/:id/void', noParameters, (world, _parameters, id) => voidInvoice(world, world.require('invoices', id))),
  route('POST', '/v1/invoices/:id/mark_uncollectible', noParameters, (world, _parameters, id) =>
    markUncollectible(world, world.require('invoices', id)),
  ),
  route('GET', '/v1/invoices/:id/lines', z.strictObject(paging), (world, parameters, id) =>
    listPage(`/v1/invoices/${id}/lines`, [...world.require('invoices', id).lines.data].reverse(), parameters),
  ),
  lists(
    '/v1/invoices',
    'invoices',
    {
      ...byCustomer,
      subscription: text.optional(),
      status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
      collection_method: text.optional(),
    },
    (invoice, { customer, subscription, status, collection_method: method }) =>
      (customer === undefined || invoice.customer === customer) &&
      (subscription === undefined || invoice.parent?.subscription_details?.subscription === subscription) &&
      (method === undefined || invoice.collection_method === method) &&
      (status === undefined || invoice.status === status),
  ),
  route(
    'POST',
    '/v1/invoiceitems',
    z.strictObject({
      amount: integer,
      currency: text,
      customer: text,
      description: text.optional(),
      invoice: text.optional(),
      metadata: metadata.optional(),
    }),
    (world, { metadata: pairs, ...plain }) => {
      world.require('customers', plain.customer, 'customer');
      const fields = {
        ...plain,
        currency: plain.currency.toLowerCase(),
        description: plain.description ?? null,
        metadata: mergeMetadata({}, pairs),
      };
      if (plain.invoice !== undefined)
        throw invalidRequest('An invoice item is added to an invoice by `pending_invoice_items_behavior` here.', { param: 'invoice' });
      return world.add('invoice_items', newInvoiceItem(world.now(), { ...fields, invoice: null }), 'invoiceitem.created');
    },
  ),
  retrieves('/v1/invoiceitems', 'invoice_items'),
  route('DELETE', '/v1/invoiceitems/:id', noParameters, (world, _parameters, id) => {
    const item = world.require('invoice_items', id);
    if (item.invoice !== null) throw invalidRequest('This invoice item is attached to an invoice and cannot be deleted.', { param: 'id' });
    world.store.delete('invoice_items', id);
    world.emit('invoiceitem.deleted', item);
    return { id, object: 'invoiceitem', deleted: true };
  }),
  lists('/v1/invoiceitems', 'invoice_items', byCustomer, (item, { customer }) => customer === undefined || item.customer === customer),
  retrieves('/v1/invoice_payments', 'invoice_payments'),
  lists(
    '/v1/invoice_payments',
    'invoice_payments',
    {
      invoice: text.optional(),
      payment: z.strictObject({ type: z.literal('payment_intent'), payment_intent: text.optional() }).optional(),
      status: z.enum(['canceled', 'open', 'paid']).optional(),
    },
    (payment, { invoice, payment: by, status }) =>
      (invoice === undefined || payment.invoice === invoice) &&
      (by?.payment_intent === undefined || payment.payment.payment_intent === by.payment_intent) &&
      (status === undefined || payment.status === status),
  ),
];
