/** How subscriptions begin, go on from period to period, pause, and end. */
import { addInterval, DAY, type Seconds } from '../clock.js';
import { lineOfInvoiceItem, lineOfItem } from '../objects/invoice.js';
import { newSubscription, periodOf, withPeriod, type OrderedPrice, type Period } from '../objects/subscription.js';
import { invalidRequest } from '../stripe-error.js';
import type { Customer, Invoice, InvoiceLine, PaymentIntent, Subscription, SubscriptionItem } from '../wire.js';
import type { World } from '../world.js';
import { discountsAfterInvoice, liveDiscounts } from './discounts.js';
import { chargeInvoice, draftInvoice, finalizeInvoice, stopCollecting } from './invoicing.js';
import { end, type EndReason } from './subscription-state.js';

export interface NewSubscription {
  customer: Customer;
  ordered: OrderedPrice[];
  given: Partial<Subscription>;
  trialEnd: Seconds | null;
}

/** The currency and the billing period that all prices of an order share. */
export function recurrenceOf(ordered: readonly OrderedPrice[], param: string): { currency: string; interval: string; count: number } {
  const first = ordered[0]?.price;
  if (first === undefined) throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
  if (first.recurring === null)
    throw invalidRequest('You must provide at least one recurring price in `subscription` mode when using prices.', { param });
  const { interval, interval_count: count } = first.recurring;
  const same = ordered.every(
    ({ price }) => price.currency === first.currency && price.recurring?.interval === interval && price.recurring.interval_count === count,
  );
  if (!same) throw invalidRequest('All prices of a subscription must have the same currency and billing period.', { param });
  return { currency: first.currency, interval, count };
}

/** A customer pays in one currency as long as anything of another is under way. @throws StripeError 400 */
export function requireCurrency(world: World, customer: Customer | undefined, currency: string): void {
  if (customer === undefined) return;
  const live = world.store.find(
    'subscriptions',
    (one) => one.customer === customer.id && one.currency !== currency && !['canceled', 'incomplete_expired'].includes(one.status),
  );
  const open = world.store.find(
    'invoices',
    (one) => one.customer === customer.id && one.currency !== currency && (one.status === 'open' || one.status === 'draft'),
  );
  const other = live?.currency ?? open?.currency;
  if (other !== undefined)
    throw invalidRequest(
      `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${other}.`,
    );
}

/** Makes a subscription of that status with its first invoice as a draft. */
export function beginSubscription(
  world: World,
  { customer, ordered, given, trialEnd }: NewSubscription,
  status: Subscription['status'],
): Subscription {
  const { currency, interval, count } = recurrenceOf(ordered, 'items');
  const start = world.now();
  const period = { start, end: trialEnd ?? addInterval(start, interval, count) };
  const subscription = newSubscription(start, ordered, period, {
    ...given,
    customer: customer.id,
    currency,
    status: trialEnd === null ? status : 'trialing',
    ...(trialEnd === null ? {} : { trial_start: start, trial_end: trialEnd, billing_cycle_anchor: trialEnd }),
  });
  return world.add('subscriptions', subscription, 'customer.subscription.created');
}

/**
 * The draft of an invoice of a subscription, with what waited to be billed; its `latest_invoice` from now on.
 * @param begins whether the current period is billed too
 */
export function invoicePeriod(
  world: World,
  subscription: Subscription,
  reason: Invoice['billing_reason'],
  draftUntil: Seconds | null,
  begins = true,
): { subscription: Subscription; invoice: Invoice } {
  const customer = world.require('customers', subscription.customer, 'customer');
  const period = periodOf(subscription);
  const pending = world.store
    .all('invoice_items')
    .filter((item) => item.invoice === null && item.parent?.subscription_details?.subscription === subscription.id);
  const own = reason === 'subscription_update' && !begins ? [] : subscription.items.data;
  const lines = (id: string): InvoiceLine[] => [
    ...pending.map((item) => lineOfInvoiceItem(id, item)),
    ...own.map((item) => lineOf(world, subscription, item, id, period)),
  ];
  const invoice = draftInvoice(world, customer, lines, {
    currency: subscription.currency,
    billing_reason: reason,
    automatically_finalizes_at: draftUntil,
    collection_method: subscription.collection_method,
    discounts: liveDiscounts(world, subscription),
    ...(subscription.automatic_tax.enabled ? { automatic_tax: AUTOMATIC_TAX } : {}),
    ...(subscription.days_until_due === null ? {} : { due_date: world.now() + subscription.days_until_due * DAY }),
    ...(reason === 'subscription_cycle' ? { period_start: invoicedFrom(subscription, period), period_end: period.start } : {}),
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
  });
  for (const item of pending) world.change('invoice_items', item, { invoice: invoice.id });
  const used = invoice.subtotal > 0 ? { discounts: discountsAfterInvoice(world, subscription) } : {};
  return { subscription: world.change('subscriptions', subscription, { latest_invoice: invoice.id, ...used }), invoice };
}

const AUTOMATIC_TAX: Invoice['automatic_tax'] = {
  disabled_reason: null,
  enabled: true,
  liability: { type: 'self' },
  provider: 'stripe',
  status: 'complete',
};

/** A renewal's invoice names the period that has just passed; its lines name the one they pay for. */
function invoicedFrom(subscription: Subscription, period: Period): Seconds {
  const price = subscription.items.data[0]?.price;
  return price?.recurring ? addInterval(period.start, price.recurring.interval, -price.recurring.interval_count) : period.start;
}

function lineOf(world: World, subscription: Subscription, item: SubscriptionItem, invoice: string, period: Period): InvoiceLine {
  const product = world.store.get('products', item.price.product);
  return lineOfItem(invoice, subscription, item, period, subscription.status === 'trialing', product?.name ?? 'Subscription');
}

/**
 * Creates a subscription through the API: its first invoice is charged at once, and it stays incomplete until that is
 * paid. One whose invoices are sent is active from the beginning.
 */
export function createSubscription(
  world: World,
  order: NewSubscription,
  behaviour: string,
): { subscription: Subscription; declined: boolean } {
  const sent = order.given.collection_method === 'send_invoice';
  const begun = beginSubscription(world, order, sent ? 'active' : 'incomplete');
  const { subscription, invoice } = invoicePeriod(world, begun, 'subscription_create', null);
  const open = finalizeInvoice(world, invoice);
  if (open.status === 'open' && sent) world.emit('invoice.sent', open);
  let declined = false;
  if (open.status === 'open' && behaviour !== 'default_incomplete' && open.collection_method === 'charge_automatically') {
    const result = chargeInvoice(world, open);
    declined = result === undefined || result.outcome === 'declined';
  }
  return { subscription: world.require('subscriptions', subscription.id), declined };
}

/**
 * The objects that Checkout creates when its payment has gone through (or is with the bank, or is not due before the
 * trial ends).
 */
export function startPaidSubscription(
  world: World,
  order: NewSubscription,
  intent: PaymentIntent | undefined,
): { subscription: Subscription; invoice: Invoice } {
  const begun = beginSubscription(world, order, 'active');
  const drafted = invoicePeriod(world, begun, 'subscription_create', null);
  const open = finalizeInvoice(world, drafted.invoice, intent);
  return { subscription: drafted.subscription, invoice: open };
}

/** The next period begins: what was due at the end of a trial or of a paid period. */
export function renew(world: World, subscription: Subscription): void {
  const price = subscription.items.data[0]?.price;
  if (price?.recurring == null) return;
  const start = periodOf(subscription).end;
  const period = { start, end: addInterval(start, price.recurring.interval, price.recurring.interval_count) };
  const trialing = subscription.status === 'trialing';
  if (trialing && !hasMethod(world, subscription)) {
    const behaviour = subscription.trial_settings?.end_behavior.missing_payment_method;
    if (behaviour === 'cancel') {
      cancelNow(world, subscription, 'payment_failed');
      return;
    }
    if (behaviour === 'pause') {
      const paused = world.change('subscriptions', subscription, { status: 'paused' }, 'customer.subscription.updated');
      world.emit('customer.subscription.paused', paused);
      return;
    }
  }
  const moved = { ...subscription, ...withPeriod(subscription, period), ...(trialing ? { status: 'active' as const } : {}) };
  const draftUntil =
    moved.status === 'unpaid' || moved.pause_collection?.behavior === 'keep_as_draft' ? null : start + world.rules.draftSeconds;
  const { invoice, subscription: invoiced } = invoicePeriod(world, moved, 'subscription_cycle', draftUntil);
  const { discounts } = invoiced;
  world.change('subscriptions', subscription, { ...moved, discounts, latest_invoice: invoice.id }, 'customer.subscription.updated');
}

function hasMethod(world: World, subscription: Subscription): boolean {
  const customer = world.store.get('customers', subscription.customer);
  const usual = customer?.invoice_settings.default_payment_method ?? customer?.default_source;
  return (subscription.default_payment_method ?? usual ?? null) !== null;
}

export function cancelNow(world: World, subscription: Subscription, reason: EndReason = 'cancellation_requested'): Subscription {
  const ended = end(world, subscription, reason);
  stopCollecting(world, ended);
  return ended;
}

export function pause(world: World, subscription: Subscription): Subscription {
  if (subscription.status !== 'active' && subscription.status !== 'trialing')
    throw invalidRequest(`You cannot pause a subscription whose status is ${subscription.status}.`, { param: 'subscription' });
  const paused = world.change('subscriptions', subscription, { status: 'paused' }, 'customer.subscription.updated');
  world.emit('customer.subscription.paused', paused);
  return paused;
}

/** Takes a paused subscription up again: with a new period that is paid now, or in the old one while that lasts. */
export function resume(world: World, subscription: Subscription, anchor: 'now' | 'unchanged'): Subscription {
  if (subscription.status !== 'paused')
    throw invalidRequest(`Only paused subscriptions can be resumed. This one is ${subscription.status}.`, { param: 'subscription' });
  const period = periodOf(subscription);
  const paidFor = world.store.get('invoices', subscription.latest_invoice ?? '')?.amount_paid ?? 0;
  if (anchor === 'unchanged' && period.end > world.now() && paidFor > 0) {
    const active = world.change('subscriptions', subscription, { status: 'active' }, 'customer.subscription.updated');
    world.emit('customer.subscription.resumed', active);
    return active;
  }
  const price = subscription.items.data[0]?.price;
  const start = world.now();
  const endOf = price?.recurring == null ? start : addInterval(start, price.recurring.interval, price.recurring.interval_count);
  const moved = { ...subscription, ...withPeriod(subscription, { start, end: endOf }), billing_cycle_anchor: start };
  const { invoice } = invoicePeriod(world, moved, 'subscription_update', null);
  const open = finalizeInvoice(world, invoice);
  const result = open.status === 'open' ? chargeInvoice(world, open) : undefined;
  const paid = open.status === 'paid' || result?.outcome === 'succeeded';
  const latest = { ...moved, latest_invoice: invoice.id, status: paid ? ('active' as const) : ('paused' as const) };
  const resumed = world.change('subscriptions', subscription, latest, 'customer.subscription.updated');
  if (paid) world.emit('customer.subscription.resumed', resumed);
  return resumed;
}
