/** Changes that happen as time passes. */
import { DAY, type Seconds } from '../clock.js';
import { periodOf } from '../objects/subscription.js';
import { invalidRequest, StripeError } from '../stripe-error.js';
import type { Invoice, Subscription, SubscriptionSchedule } from '../wire.js';
import type { World } from '../world.js';
import { expireSession, settle } from './checkout.js';
import { becomeOverdue, chargeInvoice, finalizeInvoice, markUncollectible, subscriptionOf, voidInvoice } from './invoicing.js';
import { settleRefund } from './refunds.js';
import { beginSchedule, endOf, nextPhase } from './scheduling.js';
import { cancelNow, renew } from './subscribing.js';
import { expireIncomplete, hasEnded } from './subscription-state.js';

const INCOMPLETE_FOR: Seconds = 23 * 3600;
const TRIAL_ANNOUNCED_BEFORE: Seconds = 3 * DAY;
const SCHEDULE_END_ANNOUNCED_BEFORE: Seconds = 7 * DAY;

/** More than any test needs; a move that asks for more is refused instead of holding everybody up. */
const MOST_STEPS = 10_000;

interface Due {
  /** What is due to what, so that one thing happens once at one moment. */
  what: string;
  at: Seconds;
  happen: () => void;
}

/** Brings everything up to `now()`, or as far as one turn goes. */
export function catchUp(world: World): void {
  takeSteps(world, world.now());
}

/**
 * Lets all that is due by `target` happen, in order, each at its own moment and as its own transaction, and sets the
 * clock to `target`.
 * @throws StripeError 400 when that is more than one move may ask for; what was done stays done
 */
export function passUntil(world: World, target: Seconds): void {
  const reached = takeSteps(world, target);
  world.clock.moveTo(reached);
  if (reached < target)
    throw invalidRequest(
      `More than ${MOST_STEPS} things happen on the way. The clock has moved as far as ${reached}; move it on from there.`,
    );
}

/**
 * @returns how far time could pass. A thing that is still due after it happened, or that failed, is not tried again at
 *   the same moment, so this always ends.
 */
function takeSteps(world: World, target: Seconds): Seconds {
  const tried = new Set<string>();
  for (let steps = 0; ; steps += 1) {
    const due = nextDue(world, tried);
    if (due === undefined || due.at > target) return target;
    if (steps === MOST_STEPS) return due.at;
    tried.add(keyOf(due));
    world.clock.asOf(due.at, () => {
      try {
        world.transaction(due.happen);
      } catch (error) {
        if (!(error instanceof StripeError)) throw error;
        process.emitWarning(`The Stripe simulator could not do ${due.what}: ${error.message}`);
      }
    });
  }
}

const keyOf = ({ what, at }: Due): string => `${what} ${at}`;

function nextDue(world: World, tried: ReadonlySet<string>): Due | undefined {
  let first: Due | undefined;
  for (const due of allDue(world)) if ((first === undefined || due.at < first.at) && !tried.has(keyOf(due))) first = due;
  return first;
}

/**
 * At the same moment, what stands earlier here goes first: a bank decides before a subscription is renewed, an end
 * and the change to another phase come before a renewal.
 */
function* allDue(world: World): Generator<Due> {
  for (const { id, at, outcome } of world.store.each('settlements')) {
    const intent = world.store.get('payment_intents', id);
    if (intent !== undefined)
      yield {
        what: `settle ${id}`,
        at,
        happen: () => {
          settle(world, intent, outcome === 'succeeds');
        },
      };
  }
  for (const { id, at, outcome } of world.store.each('refund_outcomes'))
    yield {
      what: `settle ${id}`,
      at,
      happen: () => {
        settleRefund(world, world.require('refunds', id), outcome);
      },
    };
  for (const session of world.store.each('checkout_sessions')) {
    if (session.status === 'open')
      yield {
        what: `expire ${session.id}`,
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
  for (const schedule of world.store.each('schedules')) yield* dueOfSchedule(world, schedule);
  for (const subscription of world.store.each('subscriptions')) {
    if (!hasEnded(subscription)) yield* dueOfSubscription(world, subscription);
  }
}

function dueOfInvoice(world: World, invoice: Invoice): Due | undefined {
  if (invoice.status === 'draft' && invoice.automatically_finalizes_at !== null)
    return {
      what: `finalize ${invoice.id}`,
      at: invoice.automatically_finalizes_at,
      happen: () => {
        collect(world, invoice);
      },
    };
  if (invoice.status === 'open' && invoice.next_payment_attempt !== null)
    return {
      what: `charge ${invoice.id}`,
      at: invoice.next_payment_attempt,
      happen: () => {
        chargeInvoice(world, invoice);
      },
    };
  if (invoice.status === 'open' && invoice.due_date !== null && world.store.get('announced', invoice.id) === undefined)
    return {
      what: `overdue ${invoice.id}`,
      at: invoice.due_date,
      happen: () => {
        world.add('announced', { id: invoice.id });
        becomeOverdue(world, invoice);
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
  else world.emit('invoice.sent', open);
}

function* dueOfSchedule(world: World, schedule: SubscriptionSchedule): Generator<Due> {
  const { id, status, phases, current_phase: current } = schedule;
  if (status === 'not_started' && phases[0] !== undefined) {
    const happen = (): void => {
      beginSchedule(world, schedule);
    };
    yield { what: `begin ${id}`, at: phases[0].start_date, happen };
  }
  if (status !== 'active' || current === null) return;
  if (world.store.get('announced', id) === undefined) {
    const happen = (): void => {
      world.add('announced', { id });
      world.emit('subscription_schedule.expiring', schedule);
    };
    yield { what: `announce ${id}`, at: Math.max(schedule.created, endOf(schedule) - SCHEDULE_END_ANNOUNCED_BEFORE), happen };
  }
  const happen = (): void => {
    nextPhase(world, schedule);
  };
  yield { what: `next phase of ${id}`, at: current.end_date, happen };
}

function* dueOfSubscription(world: World, subscription: Subscription): Generator<Due> {
  if (subscription.status === 'incomplete') {
    const happen = (): void => {
      const invoice = world.store.get('invoices', subscription.latest_invoice ?? '');
      expireIncomplete(world, subscription);
      if (invoice?.status === 'open') voidInvoice(world, invoice);
    };
    yield { what: `expire ${subscription.id}`, at: subscription.created + INCOMPLETE_FOR, happen };
    return;
  }
  const { end } = periodOf(subscription);
  if (subscription.cancel_at !== null)
    yield {
      what: `cancel ${subscription.id}`,
      at: subscription.cancel_at,
      happen: () => {
        cancelNow(world, subscription);
      },
    };
  const { trial_end: trialEnd, pause_collection: paused } = subscription;
  if (subscription.status === 'trialing' && trialEnd !== null && world.store.get('announced', subscription.id) === undefined) {
    const happen = (): void => {
      world.add('announced', { id: subscription.id });
      world.emit('customer.subscription.trial_will_end', subscription);
    };
    yield { what: `announce ${subscription.id}`, at: Math.max(subscription.created, trialEnd - TRIAL_ANNOUNCED_BEFORE), happen };
  }
  if (paused?.resumes_at != null) {
    const happen = (): void => {
      world.change('subscriptions', subscription, { pause_collection: null }, 'customer.subscription.updated');
    };
    yield { what: `collect ${subscription.id}`, at: paused.resumes_at, happen };
  }
  if (subscription.status !== 'paused')
    yield {
      what: `renew ${subscription.id}`,
      at: end,
      happen: () => {
        renew(world, subscription);
      },
    };
}
