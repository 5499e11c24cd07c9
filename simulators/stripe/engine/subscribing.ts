/** How subscriptions begin, go on from period to period, pause, and end. */
import { addInterval, type Seconds } from '../clock.js';
import { lineOfItem } from '../objects/invoice.js';
import { newSubscription, periodOf, withPeriod, type OrderedPrice, type Period } from '../objects/subscription.js';
import { invalidRequest } from '../stripe-error.js';
import type { Customer, Invoice, PaymentIntent, Subscription } from '../wire.js';
import type { World } from '../world.js';
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

/** The draft of the invoice of a subscription's current period; the subscription's `latest_invoice` from now on. */
export function invoicePeriod(
  world: World,
  subscription: Subscription,
  reason: Invoice['billing_reason'],
  draftUntil: Seconds | null,
): { subscription: Subscription; invoice: Invoice } {
  const customer = world.require('customers', subscription.customer, 'customer');
  const period = periodOf(subscription);
  const invoice = draftInvoice(world, customer, (id) => linesOf(world, subscription, id, period), {
    currency: subscription.currency,
    billing_reason: reason,
    automatically_finalizes_at: draftUntil,
    collection_method: subscription.collection_method,
    ...(reason === 'subscription_cycle' ? { period_start: invoicedFrom(subscription, period), period_end: period.start } : {}),
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
  });
  return { subscription: world.change('subscriptions', subscription, { latest_invoice: invoice.id }), invoice };
}

/** A renewal's invoice names the period that has just passed; its lines name the one they pay for. */
function invoicedFrom(subscription: Subscription, period: Period): Seconds {
  const price = subscription.items.data[0]?.price;
  return price?.recurring ? addInterval(period.start, price.recurring.interval, -price.recurring.interval_count) : period.start;
}

function linesOf(world: World, subscription: Subscription, invoice: string, period: Period): ReturnType<typeof lineOfItem>[] {
  return subscription.items.data.map((item) => {
    const product = world.store.get('products', item.price.product);
    return lineOfItem(invoice, subscription, item, period, subscription.status === 'trialing', product?.name ?? 'Subscription');
  });
}

/**
 * Creates a subscription through the API: its first invoice is charged at once, and it stays incomplete until that is
 * paid.
 */
export function createSubscription(
  world: World,
  order: NewSubscription,
  behaviour: string,
): { subscription: Subscription; declined: boolean } {
  const begun = beginSubscription(world, order, 'incomplete');
  const { subscription, invoice } = invoicePeriod(world, begun, 'subscription_create', null);
  const open = finalizeInvoice(world, invoice);
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
  const { invoice } = invoicePeriod(world, moved, 'subscription_cycle', draftUntil);
  world.change('subscriptions', subscription, { ...moved, latest_invoice: invoice.id }, 'customer.subscription.updated');
}

function hasMethod(world: World, subscription: Subscription): boolean {
  const customer = world.store.get('customers', subscription.customer);
  return (subscription.default_payment_method ?? customer?.invoice_settings.default_payment_method ?? null) !== null;
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
