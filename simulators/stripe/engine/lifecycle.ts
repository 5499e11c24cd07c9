/** Changes that happen as time passes. */
import { DAY, type Seconds } from '../clock.js';
import { periodOf } from '../objects/subscription.js';
import type { Invoice, Subscription } from '../wire.js';
import type { World } from '../world.js';
import { expireSession, settle } from './checkout.js';
import { chargeInvoice, finalizeInvoice, markUncollectible, subscriptionOf, voidInvoice } from './invoicing.js';
import { cancelNow, renew } from './subscribing.js';
import { expireIncomplete, hasEnded } from './subscription-state.js';

const INCOMPLETE_FOR: Seconds = 23 * 3600;
const TRIAL_ANNOUNCED_BEFORE: Seconds = 3 * DAY;

interface Due {
  at: Seconds;
  happen: () => void;
}

/** Brings everything up to `now()`. */
export function catchUp(world: World): void {
  passUntil(world, world.now());
}

/**
 * Lets all that is due by `target` happen, in order, each at its own moment and as its own transaction, and sets the
 * clock to `target`.
 */
export function passUntil(world: World, target: Seconds): void {
  for (let due = nextDue(world); due !== undefined && due.at <= target; due = nextDue(world)) {
    const { at, happen } = due;
    world.clock.asOf(at, () => {
      world.transaction(happen);
    });
  }
  world.clock.moveTo(target);
}

function nextDue(world: World): Due | undefined {
  let first: Due | undefined;
  for (const due of allDue(world)) if (first === undefined || due.at < first.at) first = due;
  return first;
}

/**
 * At the same moment, what stands earlier here goes first: a bank decides before a subscription is renewed, an end
 * comes before a renewal.
 */
function* allDue(world: World): Generator<Due> {
  for (const { id, at, outcome } of world.store.each('settlements')) {
    const intent = world.store.get('payment_intents', id);
    if (intent !== undefined)
      yield {
        at,
        happen: () => {
          settle(world, intent, outcome === 'succeeds');
        },
      };
  }
  for (const session of world.store.each('checkout_sessions')) {
    if (session.status === 'open')
      yield {
        at: session.expires_at,
        happen: () => {
          expireSession(world, session);
        },
      };
  }
  for (const invoice of world.store.each('invoices')) {
    const due = dueOfInvoice(world, invoice);
    if (due !== undefined) yield due;
  }
  for (const subscription of world.store.each('subscriptions')) {
    if (!hasEnded(subscription)) yield* dueOfSubscription(world, subscription);
  }
}

function dueOfInvoice(world: World, invoice: Invoice): Due | undefined {
  if (invoice.status === 'draft' && invoice.automatically_finalizes_at !== null)
    return {
      at: invoice.automatically_finalizes_at,
      happen: () => {
        collect(world, invoice);
      },
    };
  if (invoice.status === 'open' && invoice.next_payment_attempt !== null)
    return {
      at: invoice.next_payment_attempt,
      happen: () => {
        chargeInvoice(world, invoice);
      },
    };
  return undefined;
}

/**
 * The hour of a renewal's draft is over. While its subscription's collection is paused the invoice is put away instead.
 */
function collect(world: World, draft: Invoice): void {
  const open = finalizeInvoice(world, draft);
  if (open.status !== 'open') return;
  const behavior = subscriptionOf(world, open)?.pause_collection?.behavior;
  if (behavior === 'void') voidInvoice(world, open);
  else if (behavior === 'mark_uncollectible') markUncollectible(world, open);
  else if (open.collection_method === 'charge_automatically') chargeInvoice(world, open);
}

function* dueOfSubscription(world: World, subscription: Subscription): Generator<Due> {
  if (subscription.status === 'incomplete') {
    const happen = (): void => {
      const invoice = world.store.get('invoices', subscription.latest_invoice ?? '');
      expireIncomplete(world, subscription);
      if (invoice?.status === 'open') voidInvoice(world, invoice);
    };
    yield { at: subscription.created + INCOMPLETE_FOR, happen };
    return;
  }
  const { end } = periodOf(subscription);
  if (subscription.cancel_at !== null)
    yield {
      at: subscription.cancel_at,
      happen: () => {
        cancelNow(world, subscription);
      },
    };
  const { trial_end: trialEnd, pause_collection: paused } = subscription;
  if (subscription.status === 'trialing' && trialEnd !== null && world.store.get('trials_announced', subscription.id) === undefined) {
    const happen = (): void => {
      world.add('trials_announced', { id: subscription.id });
      world.emit('customer.subscription.trial_will_end', subscription);
    };
    yield { at: Math.max(subscription.created, trialEnd - TRIAL_ANNOUNCED_BEFORE), happen };
  }
  if (paused?.resumes_at != null) {
    const happen = (): void => {
      world.change('subscriptions', subscription, { pause_collection: null }, 'customer.subscription.updated');
    };
    yield { at: paused.resumes_at, happen };
  }
  if (subscription.status !== 'paused')
    yield {
      at: end,
      happen: () => {
        renew(world, subscription);
      },
    };
}
