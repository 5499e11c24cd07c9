/** Subscription schedules: subscriptions that begin later, or change and end by a plan of phases. */
import type { Seconds } from '../clock.js';
import type { SchedulePhase } from '../objects/subscription-schedule.js';
import { newSubscriptionItem, periodOf, type OrderedPrice } from '../objects/subscription.js';
import { invalidRequest } from '../stripe-error.js';
import type { Subscription, SubscriptionSchedule } from '../wire.js';
import type { World } from '../world.js';
import { changeItems, type ProrationBehavior } from './changing.js';
import { beginSubscription, cancelNow, invoicePeriod } from './subscribing.js';
import { cancelSchedule } from './subscription-state.js';

export const isLive = ({ status }: SubscriptionSchedule): boolean => status === 'not_started' || status === 'active';

/**
 * The first phase begins, with a subscription whose first invoice stays a draft for as long as that of a renewal.
 * https://docs.stripe.com/billing/subscriptions/subscription-schedules
 */
export function beginSchedule(world: World, schedule: SubscriptionSchedule): SubscriptionSchedule {
  const [phase] = schedule.phases;
  if (phase === undefined) throw invalidRequest('A schedule has at least one phase.', { param: 'phases' });
  const customer = world.require('customers', schedule.customer, 'customer');
  const given = { schedule: schedule.id, metadata: phase.metadata ?? {} };
  const begun = beginSubscription(world, { customer, ordered: orderOf(world, phase), trialEnd: null, given }, 'active');
  const { subscription } = invoicePeriod(world, begun, 'subscription_create', world.now() + world.rules.draftSeconds);
  return save(world, schedule, { status: 'active', subscription: subscription.id, current_phase: timesOf(phase) });
}

/** The phase after the current one begins, or the schedule ends in the way that it says. */
export function nextPhase(world: World, schedule: SubscriptionSchedule): void {
  const next = schedule.phases.find(({ start_date: start }) => start === schedule.current_phase?.end_date);
  if (next === undefined) complete(world, schedule);
  else applyPhase(world, save(world, schedule, { current_phase: timesOf(next) }), next, prorationOf(next.proration_behavior));
}

/** Gives the subscription what a phase says. */
export function applyPhase(world: World, schedule: SubscriptionSchedule, phase: SchedulePhase, proration: ProrationBehavior): void {
  const subscription = world.require('subscriptions', schedule.subscription ?? '');
  const metadata = { ...subscription.metadata, ...phase.metadata };
  const named = world.change('subscriptions', subscription, { metadata }, 'customer.subscription.updated');
  const ordered = orderOf(world, phase);
  const isSame =
    ordered.length === named.items.data.length &&
    ordered.every(({ price, quantity }) => named.items.data.some((item) => item.price.id === price.id && item.quantity === quantity));
  if (isSame) return;
  const items = ordered.map((one, index) => {
    const old = named.items.data[index];
    const item = newSubscriptionItem(named.id, old?.created ?? world.now(), one, periodOf(named));
    return old === undefined ? item : { ...item, id: old.id };
  });
  changeItems(world, named, items, proration);
}

function complete(world: World, schedule: SubscriptionSchedule): void {
  const subscription = world.require('subscriptions', schedule.subscription ?? '');
  const done = world.change('schedules', schedule, { status: 'completed', completed_at: world.now(), current_phase: null });
  world.emit('subscription_schedule.completed', done);
  if (schedule.end_behavior === 'cancel') cancelNow(world, subscription);
  else world.change('subscriptions', subscription, { schedule: null }, 'customer.subscription.updated');
}

/** The subscription goes on without its schedule. */
export function release(world: World, schedule: SubscriptionSchedule): SubscriptionSchedule {
  requireLive(schedule, 'release');
  const { subscription: id } = schedule;
  if (id !== null) world.change('subscriptions', world.require('subscriptions', id), { schedule: null }, 'customer.subscription.updated');
  const patch = {
    status: 'released' as const,
    released_at: world.now(),
    released_subscription: id,
    subscription: null,
    current_phase: null,
  };
  return world.change('schedules', schedule, patch, 'subscription_schedule.released');
}

/** Ends a schedule with its subscription. */
export function cancel(world: World, schedule: SubscriptionSchedule): SubscriptionSchedule {
  requireLive(schedule, 'cancel');
  if (schedule.subscription === null) return cancelSchedule(world, schedule, 'subscription_schedule.canceled');
  cancelNow(world, world.require('subscriptions', schedule.subscription));
  return world.require('schedules', schedule.id);
}

/** @throws StripeError 400 */
export function requireLive(schedule: SubscriptionSchedule, verb: string): void {
  if (!isLive(schedule))
    throw invalidRequest(
      `You cannot ${verb} a subscription schedule that is currently in the \`${schedule.status}\` status. It must be in one of the following statuses: not_started, active`,
    );
}

/** @throws StripeError 400 as long as a schedule decides when the subscription ends */
export function requireUnscheduled({ schedule }: Subscription): void {
  if (schedule !== null)
    throw invalidRequest(
      `The subscription is managed by the subscription schedule \`${schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
    );
}

export const save = (world: World, schedule: SubscriptionSchedule, patch: Partial<SubscriptionSchedule>): SubscriptionSchedule =>
  world.change('schedules', schedule, patch, 'subscription_schedule.updated');

export const timesOf = ({ start_date, end_date }: SchedulePhase): { start_date: Seconds; end_date: Seconds } => ({ start_date, end_date });

export const endOf = ({ phases }: SubscriptionSchedule): Seconds => phases.at(-1)?.end_date ?? 0;

export const prorationOf = (behavior: string): ProrationBehavior =>
  behavior === 'none' || behavior === 'always_invoice' ? behavior : 'create_prorations';

const orderOf = (world: World, { items }: SchedulePhase): OrderedPrice[] =>
  items.map(({ price, quantity }) => ({ price: world.require('prices', price), quantity: quantity ?? 1 }));
