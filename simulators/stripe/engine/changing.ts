/** What a change of a subscription's prices costs: https://docs.stripe.com/billing/subscriptions/prorations */
import { addInterval, type Seconds } from '../clock.js';
import { newProration } from '../objects/invoice.js';
import { periodOf, withPeriod } from '../objects/subscription.js';
import type { Subscription, SubscriptionItem } from '../wire.js';
import type { World } from '../world.js';
import { chargeInvoice, finalizeInvoice } from './invoicing.js';
import { invoicePeriod, recurrenceOf } from './subscribing.js';

export type ProrationBehavior = 'none' | 'create_prorations' | 'always_invoice';

/**
 * Gives a subscription other items. With another billing period a new one begins now and is billed at once; within the
 * same one the difference is billed now or with the next invoice, as `behavior` says.
 */
export function changeItems(
  world: World,
  subscription: Subscription,
  items: SubscriptionItem[],
  behavior: ProrationBehavior,
): Subscription {
  const patch = { items: { ...subscription.items, data: items } };
  const before = recurrenceOf(orderOf(subscription.items.data), 'items');
  const after = recurrenceOf(orderOf(items), 'items');
  const restarts = before.interval !== after.interval || before.count !== after.count;
  if (subscription.status === 'trialing') return save(world, subscription, patch);
  if (behavior !== 'none') prorate(world, subscription, items, restarts);
  if (!restarts) {
    const changed = save(world, subscription, patch);
    return behavior === 'always_invoice' ? billNow(world, changed, false) : changed;
  }
  const start = world.now();
  const moved = { ...subscription, ...patch };
  const period = { start, end: addInterval(start, after.interval, after.count) };
  return billNow(world, save(world, subscription, { ...withPeriod(moved, period), billing_cycle_anchor: start }), true);
}

const orderOf = (items: readonly SubscriptionItem[]) => items.map(({ price, quantity }) => ({ price, quantity: quantity ?? 1 }));

const save = (world: World, subscription: Subscription, patch: Partial<Subscription>): Subscription =>
  world.change('subscriptions', subscription, patch, 'customer.subscription.updated');

/** The unused rest of what was billed is given back, and that of what replaces it billed, if the period goes on. */
function prorate(world: World, subscription: Subscription, items: readonly SubscriptionItem[], restarts: boolean): void {
  const now = world.now();
  const { start, end } = periodOf(subscription);
  const rest = Math.max(0, end - now) / Math.max(1, end - start);
  const costs = (item: SubscriptionItem): number => Math.round((item.price.unit_amount ?? 0) * (item.quantity ?? 1) * rest);
  const same = (one: SubscriptionItem, other: SubscriptionItem): boolean =>
    one.id === other.id && one.price.id === other.price.id && one.quantity === other.quantity;
  const gone = subscription.items.data.filter((old) => restarts || !items.some((next) => same(old, next)));
  const come = restarts ? [] : items.filter((next) => !subscription.items.data.some((old) => same(old, next)));
  for (const item of gone) add(world, subscription, item, -costs(item), `Unused time on ${nameOf(world, item)} after ${dayOf(now)}`, end);
  for (const item of come) add(world, subscription, item, costs(item), `Remaining time on ${nameOf(world, item)} after ${dayOf(now)}`, end);
}

function add(world: World, subscription: Subscription, item: SubscriptionItem, amount: number, description: string, end: Seconds): void {
  if (amount !== 0)
    world.add('invoice_items', newProration(world.now(), subscription, item, { amount, description, end }), 'invoiceitem.created');
}

function billNow(world: World, subscription: Subscription, begins: boolean): Subscription {
  const { invoice } = invoicePeriod(world, subscription, 'subscription_update', null, begins);
  const open = finalizeInvoice(world, invoice);
  if (open.status === 'open' && open.collection_method === 'charge_automatically') chargeInvoice(world, open);
  return world.require('subscriptions', subscription.id);
}

const nameOf = (world: World, item: SubscriptionItem): string => world.store.get('products', item.price.product)?.name ?? 'Subscription';
const dayOf = (unix: Seconds): string => new Date(unix * 1000).toISOString().slice(0, 10);
