import { z } from 'zod';
import { addInterval } from '../clock.js';
import { expireSession } from '../engine/checkout.js';
import { recurrenceOf } from '../engine/subscribing.js';
import { randomText } from '../ids.js';
import { newCheckoutLine, newCheckoutSession, newPortalSession } from '../objects/session.js';
import { flag, integer, mergeMetadata, metadata, paging, text, timestamp, webAddress } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import type { CheckoutSession, Metadata, PortalSession } from '../wire.js';
import type { World } from '../world.js';
import { listPage } from './listing.js';
import { lists, retrieves, route, noParameters, type Route } from './route.js';
import { orderedPrice } from './subscriptions.js';

const createSchema = z.strictObject({
  cancel_url: webAddress.optional(),
  client_reference_id: z.string().max(200).optional(),
  customer: text.optional(),
  customer_email: text.optional(),
  expires_at: timestamp.optional(),
  invoice_creation: z.strictObject({ enabled: flag }).optional(),
  line_items: z.array(z.strictObject({ price: text, quantity: integer.optional() })).optional(),
  locale: text.optional(),
  metadata: metadata.optional(),
  mode: z.enum(['payment', 'subscription', 'setup']),
  payment_intent_data: z
    .strictObject({
      description: text.optional(),
      metadata: metadata.optional(),
      setup_future_usage: text.optional(),
      shipping: z.unknown().optional(),
    })
    .optional(),
  payment_method_collection: z.enum(['always', 'if_required']).optional(),
  subscription_data: z
    .strictObject({
      description: text.optional(),
      metadata: metadata.optional(),
      trial_end: timestamp.optional(),
      trial_period_days: integer.optional(),
      trial_settings: z
        .strictObject({ end_behavior: z.strictObject({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }) })
        .optional(),
    })
    .optional(),
  success_url: webAddress,
});
const HALF_AN_HOUR = 1800;
const A_DAY = 86_400;

function create(world: World, parameters: z.output<typeof createSchema>): CheckoutSession {
  const { mode, line_items: wanted = [], subscription_data: data } = parameters;
  if (mode === 'setup') throw invalidRequest('The simulator has no Checkout in `setup` mode.', { param: 'mode' });
  if (wanted.length === 0) throw invalidRequest('Missing required param: line_items.', { code: 'parameter_missing', param: 'line_items' });
  if (parameters.customer !== undefined && parameters.customer_email !== undefined)
    throw invalidRequest('You may only specify one of these parameters: customer, customer_email.', { param: 'customer_email' });
  if (parameters.customer !== undefined) world.require('customers', parameters.customer, 'customer');
  if (data !== undefined && mode !== 'subscription')
    throw invalidRequest('You can not pass `subscription_data` in `payment` mode.', { param: 'subscription_data' });
  const ordered = wanted.map((item, index) => orderedPrice(world, item.price, item.quantity, `line_items[${index}][price]`));
  if (mode === 'subscription') recurrenceOf(ordered, 'line_items');
  else if (ordered.some(({ price }) => price.recurring !== null))
    throw invalidRequest(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      {
        param: 'line_items',
      },
    );
  const now = world.now();
  const until = parameters.expires_at;
  if (until !== undefined && (until < now + HALF_AN_HOUR || until > now + A_DAY))
    throw invalidRequest('The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.', {
      param: 'expires_at',
    });
  const lines = ordered.map((one) => newCheckoutLine(one, world.store.get('products', one.price.product)?.name ?? 'Item'));
  const trialEnd = data?.trial_end ?? (data?.trial_period_days === undefined ? null : addInterval(now, 'day', data.trial_period_days));
  const due = trialEnd === null ? lines.reduce((sum, line) => sum + line.amount_total, 0) : 0;
  const session = newCheckoutSession(now, world.address(), {
    mode,
    amount_total: due,
    cancel_url: parameters.cancel_url ?? null,
    client_reference_id: parameters.client_reference_id ?? null,
    currency: ordered[0]?.price.currency ?? null,
    customer: parameters.customer ?? null,
    ...(parameters.customer === undefined ? {} : { customer_creation: null }),
    customer_email: parameters.customer_email ?? null,
    ...(until === undefined ? {} : { expires_at: until }),
    ...(mode === 'payment'
      ? { invoice_creation: { enabled: parameters.invoice_creation?.enabled ?? false, invoice_data: NO_INVOICE_DATA } }
      : {}),
    locale: (parameters.locale ?? null) as CheckoutSession['locale'],
    metadata: mergeMetadata({}, parameters.metadata),
    ...(parameters.payment_method_collection === undefined ? {} : { payment_method_collection: parameters.payment_method_collection }),
    success_url: parameters.success_url,
  });
  world.add('checkout_details', {
    id: session.id,
    lines,
    subscription: {
      metadata: mergeMetadata({}, data?.metadata),
      trial_end: trialEnd,
      description: data?.description ?? null,
      missing_payment_method: data?.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    },
    intent_metadata: mergeMetadata({}, parameters.payment_intent_data?.metadata),
    invoice_creation: parameters.invoice_creation?.enabled ?? false,
    payment_intent: null,
    problem: null,
  });
  return world.add('checkout_sessions', session);
}

const NO_INVOICE_DATA = {
  account_tax_ids: null,
  custom_fields: null,
  description: null,
  footer: null,
  issuer: null,
  metadata: {} as Metadata,
  rendering_options: null,
};

export const sessionRoutes: Route[] = [
  route('POST', '/v1/checkout/sessions', createSchema, create),
  retrieves('/v1/checkout/sessions', 'checkout_sessions'),
  route('POST', '/v1/checkout/sessions/:id/expire', noParameters, (world, _parameters, id) => {
    const session = world.require('checkout_sessions', id, 'session');
    if (session.status !== 'open')
      throw invalidRequest(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status ?? 'none'}.`,
        {
          param: 'session',
        },
      );
    return expireSession(world, session);
  }),
  route('GET', '/v1/checkout/sessions/:id/line_items', z.strictObject(paging), (world, parameters, id) => {
    world.require('checkout_sessions', id);
    return listPage(`/v1/checkout/sessions/${id}/line_items`, [...world.require('checkout_details', id).lines].reverse(), parameters);
  }),
  lists(
    '/v1/checkout/sessions',
    'checkout_sessions',
    {
      customer: text.optional(),
      payment_intent: text.optional(),
      subscription: text.optional(),
      status: z.enum(['open', 'complete', 'expired']).optional(),
    },
    (session, { customer, payment_intent: intent, subscription, status }) =>
      (customer === undefined || session.customer === customer) &&
      (intent === undefined || session.payment_intent === intent) &&
      (subscription === undefined || session.subscription === subscription) &&
      (status === undefined || session.status === status),
  ),
  route(
    'POST',
    '/v1/billing_portal/sessions',
    z.strictObject({ customer: text, configuration: text.optional(), locale: text.optional(), return_url: webAddress.optional() }),
    (world, parameters) => {
      const customer = world.require('customers', parameters.customer, 'customer');
      const configuration = world.require('portal_configurations', parameters.configuration ?? 'bpc_simulated_default', 'configuration');
      const token = randomText(40);
      const session = newPortalSession(world.now(), `${world.address()}/p/session/${token}`, {
        customer: customer.id,
        configuration: configuration.id,
        locale: (parameters.locale ?? null) as PortalSession['locale'],
        return_url: parameters.return_url ?? null,
      });
      world.add('portal_tokens', { id: token, session: session.id });
      return world.add('portal_sessions', session, 'billing_portal.session.created');
    },
  ),
  retrieves('/v1/billing_portal/configurations', 'portal_configurations'),
  lists('/v1/billing_portal/configurations', 'portal_configurations', { active: flag.optional() }, () => true),
];
