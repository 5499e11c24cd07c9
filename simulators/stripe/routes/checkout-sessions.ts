import { z } from 'zod';
import { addInterval } from '../clock.js';
import { priceSession } from '../engine/checkout-amounts.js';
import { expireSession } from '../engine/checkout.js';
import { redeemable, redeemableCode } from '../engine/discounts.js';
import { recurrenceOf, requireCurrency } from '../engine/subscribing.js';
import { newCheckoutLine, newCheckoutSession } from '../objects/checkout-session.js';
import {
  currency,
  email,
  flag,
  integer,
  locale,
  mergeMetadata,
  metadata,
  paging,
  positive,
  text,
  timestamp,
  webAddress,
} from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import type { CheckoutDetails } from '../store.js';
import type { CheckoutSession, Metadata } from '../wire.js';
import type { World } from '../world.js';
import { listPage } from './listing.js';
import { lists, retrieves, route, noParameters, type Route } from './route.js';
import { orderedPrice } from './subscriptions.js';

const createSchema = z.strictObject({
  allow_promotion_codes: flag.optional(),
  automatic_tax: z.strictObject({ enabled: flag }).optional(),
  billing_address_collection: z.enum(['auto', 'required']).optional(),
  consent_collection: z
    .strictObject({ terms_of_service: z.enum(['none', 'required']).optional(), promotions: z.enum(['auto', 'none']).optional() })
    .optional(),
  currency: currency.optional(),
  customer_update: z.strictObject({ address: z.enum(['auto', 'never']).optional(), name: z.enum(['auto', 'never']).optional() }).optional(),
  discounts: z
    .array(z.strictObject({ coupon: text.optional(), promotion_code: text.optional() }))
    .max(1)
    .optional(),
  tax_id_collection: z.strictObject({ enabled: flag, required: z.enum(['if_supported', 'never']).optional() }).optional(),
  cancel_url: webAddress.optional(),
  client_reference_id: z.string().max(200).optional(),
  customer: text.optional(),
  customer_email: email.optional(),
  expires_at: timestamp.optional(),
  invoice_creation: z.strictObject({ enabled: flag }).optional(),
  line_items: z.array(z.strictObject({ price: text, quantity: positive.optional() })).optional(),
  locale: locale.optional(),
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
  const customer = parameters.customer === undefined ? undefined : world.require('customers', parameters.customer, 'customer');
  if (parameters.allow_promotion_codes !== undefined && parameters.discounts !== undefined)
    throw invalidRequest('You may only specify one of these parameters: allow_promotion_codes, discounts.');
  const taxed = parameters.automatic_tax?.enabled === true;
  const keepsAddress = parameters.customer_update?.address === 'auto';
  if (taxed && customer !== undefined && customer.address == null && !keepsAddress)
    throw invalidRequest(
      "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.",
      { code: 'customer_tax_location_invalid', param: 'automatic_tax' },
    );
  if (parameters.tax_id_collection?.enabled === true && customer !== undefined && parameters.customer_update?.name !== 'auto')
    throw invalidRequest(
      'Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.',
      { param: 'tax_id_collection' },
    );
  if (data !== undefined && mode !== 'subscription')
    throw invalidRequest('You can not pass `subscription_data` in `payment` mode.', { param: 'subscription_data' });
  const ordered = wanted.map((item, index) =>
    orderedPrice(world, item.price, item.quantity, `line_items[${index}][price]`, parameters.currency),
  );
  if (mode === 'subscription') requireCurrency(world, customer, recurrenceOf(ordered, 'line_items').currency);
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
    allow_promotion_codes: parameters.allow_promotion_codes ?? null,
    automatic_tax: {
      enabled: taxed,
      liability: taxed ? { type: 'self' } : null,
      provider: taxed ? 'stripe' : null,
      status: taxed ? 'requires_location_inputs' : null,
    },
    billing_address_collection: parameters.billing_address_collection ?? null,
    ...(parameters.consent_collection === undefined
      ? {}
      : {
          consent_collection: {
            payment_method_reuse_agreement: null,
            promotions: parameters.consent_collection.promotions ?? 'none',
            terms_of_service: parameters.consent_collection.terms_of_service ?? 'none',
          },
        }),
    ...(parameters.tax_id_collection === undefined
      ? {}
      : {
          tax_id_collection: { enabled: parameters.tax_id_collection.enabled, required: parameters.tax_id_collection.required ?? 'never' },
        }),
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
    locale: parameters.locale ?? null,
    metadata: mergeMetadata({}, parameters.metadata),
    ...(parameters.payment_method_collection === undefined ? {} : { payment_method_collection: parameters.payment_method_collection }),
    success_url: parameters.success_url,
  });
  const [wish] = parameters.discounts ?? [];
  const redeemed = wish === undefined ? null : redemptionOf(world, wish, customer?.id ?? null);
  const details = world.add('checkout_details', {
    id: session.id,
    redeemed,
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
  return priceSession(world, world.add('checkout_sessions', session), details);
}

function redemptionOf(
  world: World,
  { coupon, promotion_code: code }: { coupon?: string | undefined; promotion_code?: string | undefined },
  customer: string | null,
): CheckoutDetails['redeemed'] {
  if ((coupon === undefined) === (code === undefined))
    throw invalidRequest('You must specify either `coupon` or `promotion_code`.', { param: 'discounts[0]' });
  if (coupon !== undefined) return { coupon: redeemable(world, coupon, 'discounts[0][coupon]').id, promotion_code: null };
  const param = 'discounts[0][promotion_code]';
  const found = redeemableCode(world, world.require('promotion_codes', code ?? '', param), customer, param);
  return { coupon: found.coupon.id, promotion_code: code ?? null };
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

export const checkoutSessionRoutes: Route[] = [
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
];
