import { z } from 'zod';
import { addInterval } from '../clock.js';
import { changeItems } from '../engine/changing.js';
import { requireUnscheduled } from '../engine/scheduling.js';
import { cancelNow, createSubscription, pause, recurrenceOf, renew, requireCurrency, resume } from '../engine/subscribing.js';
import { cancelAt, cancelAtPeriodEnd, cancelNot, hasEnded } from '../engine/subscription-state.js';
import { inCurrency } from '../hidden.js';
import { newSubscriptionItem, periodOf, type OrderedPrice } from '../objects/subscription.js';
import { flag, given, integer, mergeMetadata, metadata, paging, positive, text, timestamp, unsettable } from '../parameters.js';
import { StripeError, invalidRequest, resourceMissing } from '../stripe-error.js';
import type { Price, Subscription, SubscriptionItem } from '../wire.js';
import type { World } from '../world.js';
import { listPage } from './listing.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const trialSettings = z
  .strictObject({ end_behavior: z.strictObject({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }) })
  .transform(({ end_behavior: behavior }) => ({ end_behavior: { billing_cycle_anchor: null, ...behavior } }));
const feedback = z.enum([
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
]);
const cancellationDetails = z.strictObject({ comment: unsettable(text).optional(), feedback: unsettable(feedback).optional() });
const shared = {
  cancel_at: unsettable(timestamp).optional(),
  cancel_at_period_end: flag.optional(),
  collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
  days_until_due: positive.optional(),
  default_payment_method: text.optional(),
  description: unsettable(text).optional(),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  trial_settings: trialSettings.optional(),
};
const createSchema = z.strictObject({
  ...shared,
  customer: text,
  items: z.array(z.strictObject({ price: text, quantity: positive.optional() })),
  payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
  trial_end: z.union([z.literal('now'), timestamp]).optional(),
  trial_period_days: integer.optional(),
});
const updateSchema = z.strictObject({
  ...shared,
  cancellation_details: cancellationDetails.optional(),
  items: z
    .array(z.strictObject({ id: text.optional(), price: text.optional(), quantity: positive.optional(), deleted: flag.optional() }))
    .optional(),
  pause_collection: unsettable(
    z.strictObject({ behavior: z.enum(['keep_as_draft', 'mark_uncollectible', 'void']), resumes_at: unsettable(timestamp).optional() }),
  ).optional(),
  proration_behavior: z.enum(['none', 'create_prorations', 'always_invoice']).optional(),
  trial_end: z.union([z.literal('now'), timestamp]).optional(),
});
const resumeSchema = z.strictObject({
  billing_cycle_anchor: z.strictObject({ type: z.enum(['now', 'unchanged']) }).optional(),
  payment_behavior: z.literal('resume_on_payment_success').optional(),
  proration_behavior: z.enum(['none', 'create_prorations', 'always_invoice']).optional(),
});
const cancelSchema = z.strictObject({
  cancellation_details: cancellationDetails.optional(),
  invoice_now: z.literal('false').optional(),
  prorate: z.literal('false').optional(),
});

/** Either charged, or sent with so many days to pay. */
function collectionOf({ collection_method: method, days_until_due: days }: Collection, old: Collection): Partial<Subscription> {
  const next = method ?? old.collection_method ?? 'charge_automatically';
  const until = days ?? old.days_until_due ?? null;
  if (next === 'charge_automatically' && days !== undefined)
    throw invalidRequest('You can only set `days_until_due` when `collection_method` is `send_invoice`.', { param: 'days_until_due' });
  if (next === 'send_invoice' && until === null)
    throw invalidRequest('If `collection_method` is `send_invoice`, you must also specify `days_until_due`.', { param: 'days_until_due' });
  return { collection_method: next, days_until_due: next === 'send_invoice' ? until : null };
}

interface Collection {
  collection_method?: Subscription['collection_method'] | undefined;
  days_until_due?: number | null | undefined;
}

/** The price of that id, if it can be sold. */
export function orderedPrice(world: World, id: string, quantity: number | undefined, param: string, currency?: string): OrderedPrice {
  const price = priceIn(world.require('prices', id, param), currency, param);
  if (!price.active) throw invalidRequest('The price specified is inactive. This field only accepts active prices.', { param });
  return { price, quantity: quantity ?? 1 };
}

/** The price with its amount in that currency. */
function priceIn(price: Price, currency: string | undefined, param: string): Price {
  if (currency === undefined || currency === price.currency) return price;
  const option = price.currency_options?.[currency];
  if (option === undefined) throw invalidRequest(`The price \`${price.id}\` does not support the currency \`${currency}\`.`, { param });
  const { unit_amount: amount, unit_amount_decimal: decimal, tax_behavior: tax } = option;
  return inCurrency(price, { currency, unit_amount: amount, unit_amount_decimal: decimal, tax_behavior: tax ?? price.tax_behavior });
}

function requireLive(world: World, id: string): Subscription {
  const subscription = world.require('subscriptions', id);
  if (subscription.status === 'canceled') throw resourceMissing('subscription', id);
  if (hasEnded(subscription)) throw invalidRequest('This subscription has ended and cannot be changed.', { param: 'id' });
  return subscription;
}

/** The items after a request that changes some of them. @throws StripeError 400 */
export function changedItems(
  world: World,
  subscription: Subscription,
  changes: NonNullable<z.output<typeof updateSchema>['items']>,
): SubscriptionItem[] {
  let items = subscription.items.data;
  for (const [index, change] of changes.entries()) {
    const old = items.find((item) => item.id === change.id);
    if (change.id !== undefined && old === undefined) throw resourceMissing('subscription item', change.id, `items[${index}][id]`);
    if (old !== undefined && change.deleted === true) {
      items = items.filter((item) => item !== old);
      continue;
    }
    const param = `items[${index}][price]`;
    const priceId = change.price ?? old?.price.id;
    if (priceId === undefined) throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
    const ordered = orderedPrice(world, priceId, change.quantity ?? old?.quantity, param, subscription.currency);
    const next = newSubscriptionItem(subscription.id, old?.created ?? world.now(), ordered, periodOf(subscription));
    items = old === undefined ? [...items, next] : items.map((item) => (item === old ? { ...next, id: old.id } : item));
  }
  recurrenceOf(
    items.map((item) => ({ price: item.price, quantity: item.quantity ?? 1 })),
    'items',
  );
  return items;
}

function endingOf(
  world: World,
  subscription: Subscription,
  { cancel_at: at, cancel_at_period_end: atEnd }: z.output<typeof updateSchema>,
): Partial<Subscription> {
  if (at != null && atEnd === true)
    throw invalidRequest('You cannot set both `cancel_at` and `cancel_at_period_end`.', { param: 'cancel_at' });
  if (at != null) {
    if (at <= world.now()) throw invalidRequest('`cancel_at` must be in the future.', { param: 'cancel_at' });
    return cancelAt(world, at);
  }
  if (atEnd === true && subscription.status === 'incomplete')
    throw invalidRequest(
      'Subscription status is `incomplete`; you can only update `cancel_at_period_end` once its first invoice is paid. Cancel the subscription instead.',
      { param: 'cancel_at_period_end' },
    );
  if (atEnd === true) return subscription.cancel_at_period_end ? {} : cancelAtPeriodEnd(world, subscription);
  return at === null || atEnd === false ? cancelNot() : {};
}

function update(world: World, parameters: z.output<typeof updateSchema>, id: string): Subscription {
  const subscription = requireLive(world, id);
  const { metadata: pairs, items, pause_collection: paused, trial_end: trialEnd, cancellation_details: details } = parameters;
  if (parameters.default_payment_method !== undefined)
    world.require('payment_methods', parameters.default_payment_method, 'default_payment_method');
  if (trialEnd === 'now' && subscription.status === 'trialing') {
    const over = world.change('subscriptions', subscription, { trial_end: world.now(), ...endsNow(world, subscription) });
    renew(world, over);
    return world.require('subscriptions', id);
  }
  if (parameters.cancel_at !== undefined || parameters.cancel_at_period_end !== undefined) requireUnscheduled(subscription);
  const ending = endingOf(world, subscription, parameters);
  const remarks = ending.cancellation_details ?? subscription.cancellation_details;
  const patch: Partial<Subscription> = {
    ...given({
      default_payment_method: parameters.default_payment_method,
      description: parameters.description,
      trial_settings: parameters.trial_settings,
    }),
    ...collectionOf(parameters, subscription),
    metadata: mergeMetadata(subscription.metadata, pairs),
    ...ending,
    ...(details === undefined || remarks === null ? {} : { cancellation_details: { ...remarks, ...given(details) } }),
    ...(paused === undefined
      ? {}
      : { pause_collection: paused === null ? null : { behavior: paused.behavior, resumes_at: paused.resumes_at ?? null } }),
    ...(typeof trialEnd === 'number' ? { ...trialUntil(subscription, trialEnd) } : {}),
  };
  const changed = world.change('subscriptions', subscription, patch, 'customer.subscription.updated');
  if (items === undefined) return changed;
  return changeItems(world, changed, changedItems(world, changed, items), parameters.proration_behavior ?? 'create_prorations');
}

const itemsUntil = (subscription: Subscription, end: number): Pick<Subscription, 'items'> => ({
  items: { ...subscription.items, data: subscription.items.data.map((item) => ({ ...item, current_period_end: end })) },
});
const endsNow = (world: World, subscription: Subscription): Pick<Subscription, 'items'> => itemsUntil(subscription, world.now());
const trialUntil = (subscription: Subscription, end: number): Partial<Subscription> => ({
  ...itemsUntil(subscription, end),
  status: 'trialing',
  trial_end: end,
  trial_start: subscription.trial_start ?? subscription.start_date,
});

export const subscriptionRoutes: Route[] = [
  route('POST', '/v1/subscriptions', createSchema, (world, parameters) => {
    const customer = world.require('customers', parameters.customer, 'customer');
    const ordered = parameters.items.map((item, index) => orderedPrice(world, item.price, item.quantity, `items[${index}][price]`));
    const { trial_end: until, trial_period_days: days, payment_behavior: behaviour = 'allow_incomplete' } = parameters;
    const trialEnd = typeof until === 'number' ? until : days === undefined ? null : addInterval(world.now(), 'day', days);
    const { cancel_at: at, cancel_at_period_end: atEnd } = parameters;
    requireCurrency(world, customer, recurrenceOf(ordered, 'items').currency);
    const { subscription, declined } = createSubscription(
      world,
      {
        customer,
        ordered,
        trialEnd,
        given: {
          ...given({
            default_payment_method: parameters.default_payment_method,
            description: parameters.description,
            trial_settings: parameters.trial_settings,
          }),
          ...collectionOf(parameters, {}),
          metadata: mergeMetadata({}, parameters.metadata),
          ...(at == null ? {} : cancelAt(world, at)),
        },
      },
      behaviour,
    );
    if (declined && behaviour === 'error_if_incomplete') throw cardRefused();
    return atEnd === true
      ? world.change('subscriptions', subscription, cancelAtPeriodEnd(world, subscription), 'customer.subscription.updated')
      : subscription;
  }),
  retrieves('/v1/subscriptions', 'subscriptions'),
  route('POST', '/v1/subscriptions/:id', updateSchema, update),
  route('DELETE', '/v1/subscriptions/:id', cancelSchema, (world, { cancellation_details: details }, id) => {
    const subscription = requireLive(world, id);
    const old = subscription.cancellation_details;
    const remarks = {
      comment: null,
      feedback: null,
      feedback_option: null,
      ...old,
      reason: 'cancellation_requested' as const,
      ...given(details ?? {}),
    };
    return cancelNow(world, { ...subscription, cancellation_details: remarks });
  }),
  route('POST', '/v1/subscriptions/:id/resume', resumeSchema, (world, { billing_cycle_anchor: anchor }, id) =>
    resume(world, requireLive(world, id), anchor?.type ?? 'now'),
  ),
  route('POST', '/v1/subscriptions/:id/pause', z.strictObject({ type: z.literal('subscription').optional() }), (world, _parameters, id) =>
    pause(world, requireLive(world, id)),
  ),
  lists(
    '/v1/subscriptions',
    'subscriptions',
    {
      customer: text.optional(),
      price: text.optional(),
      collection_method: text.optional(),
      status: z
        .enum(['active', 'all', 'canceled', 'ended', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid'])
        .optional(),
    },
    (subscription, { customer, price, collection_method: method, status }) =>
      (customer === undefined || subscription.customer === customer) &&
      (method === undefined || subscription.collection_method === method) &&
      (price === undefined || subscription.items.data.some((item) => item.price.id === price)) &&
      hasStatus(subscription, status),
  ),
  route('GET', '/v1/subscription_items', z.strictObject({ ...paging, subscription: text }), (world, parameters) =>
    listPage('/v1/subscription_items', world.require('subscriptions', parameters.subscription, 'subscription').items.data, parameters),
  ),
  route('GET', '/v1/customers/:id/subscriptions', noParameters, (world, _parameters, id) =>
    listPage(
      `/v1/customers/${id}/subscriptions`,
      world.store.all('subscriptions').filter((one) => one.customer === id && !hasEnded(one)),
      {},
    ),
  ),
];

/** Unlike other declines this one leaves nothing behind: the subscription was asked for only if it could be paid. */
const cardRefused = (): StripeError =>
  new StripeError(402, { code: 'card_declined', decline_code: 'generic_decline', message: 'Your card was declined.', type: 'card_error' });

/** Leaves the canceled ones out where there is no filter, as Stripe does. */
function hasStatus(subscription: Subscription, status: string | undefined): boolean {
  if (status === 'all') return true;
  if (status === undefined) return subscription.status !== 'canceled';
  return status === 'ended' ? hasEnded(subscription) : subscription.status === status;
}
