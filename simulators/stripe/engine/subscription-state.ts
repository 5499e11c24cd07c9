/** The states of a subscription and what may follow what. */
import { periodOf } from '../objects/subscription.js';
import type { Subscription, SubscriptionSchedule } from '../wire.js';
import type { World } from '../world.js';

export type EndReason = NonNullable<Subscription['cancellation_details']>['reason'];

const ENDED = new Set(['canceled', 'incomplete_expired']);

export const hasEnded = (subscription: Subscription): boolean => ENDED.has(subscription.status);

/** An invoice of it was paid. */
export function recover(world: World, subscription: Subscription): Subscription {
  if (!['incomplete', 'past_due', 'unpaid'].includes(subscription.status)) return subscription;
  return world.change('subscriptions', subscription, { status: 'active' }, 'customer.subscription.updated');
}

/** A charge of it failed and will be tried again. */
export function fallBehind(world: World, subscription: Subscription): Subscription {
  if (subscription.status !== 'active' && subscription.status !== 'trialing') return subscription;
  return world.change('subscriptions', subscription, { status: 'past_due' }, 'customer.subscription.updated');
}

/** Every try has failed. */
export function giveUp(world: World, subscription: Subscription): Subscription {
  if (hasEnded(subscription)) return subscription;
  switch (world.rules.whenRetriesEnd) {
    case 'cancel':
      return end(world, subscription, 'payment_failed');
    case 'mark_unpaid':
      return world.change('subscriptions', subscription, { status: 'unpaid' }, 'customer.subscription.updated');
    case 'leave_past_due':
      return subscription;
  }
}

/** Final: nothing follows `canceled`. */
export function end(world: World, subscription: Subscription, reason: EndReason): Subscription {
  const details = subscription.cancellation_details;
  const ended = world.change('subscriptions', subscription, {
    status: 'canceled',
    ended_at: world.now(),
    canceled_at: subscription.canceled_at ?? world.now(),
    cancel_at_period_end: false,
    pause_collection: null,
    cancellation_details: {
      comment: details?.comment ?? null,
      feedback: details?.feedback ?? null,
      feedback_option: details?.feedback_option ?? null,
      // A payment that fails ends also what was to end with its period.
      reason: reason === 'payment_failed' ? reason : (details?.reason ?? reason),
    },
  });
  world.emit('customer.subscription.deleted', ended);
  const schedule = world.store.get('schedules', subscription.schedule ?? '');
  if (schedule?.status === 'active')
    cancelSchedule(world, schedule, reason === 'payment_failed' ? 'subscription_schedule.aborted' : 'subscription_schedule.canceled');
  return ended;
}

/** A schedule ends before its last phase does. */
export function cancelSchedule(
  world: World,
  schedule: SubscriptionSchedule,
  type: 'subscription_schedule.aborted' | 'subscription_schedule.canceled',
): SubscriptionSchedule {
  return world.change('schedules', schedule, { status: 'canceled', canceled_at: world.now(), current_phase: null }, type);
}

/** The first payment did not come within 23 hours. */
export function expireIncomplete(world: World, subscription: Subscription): Subscription {
  return world.change(
    'subscriptions',
    subscription,
    { status: 'incomplete_expired', ended_at: world.now() },
    'customer.subscription.updated',
  );
}

/** The effect of `cancel_at_period_end` through the API: Stripe shows the end as `cancel_at` too. */
export function cancelAtPeriodEnd(world: World, subscription: Subscription): Partial<Subscription> {
  return {
    cancel_at_period_end: true,
    cancel_at: periodOf(subscription).end,
    canceled_at: world.now(),
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: 'cancellation_requested' },
  };
}

export function cancelAt(world: World, time: number): Partial<Subscription> {
  return {
    cancel_at_period_end: false,
    cancel_at: time,
    canceled_at: world.now(),
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: 'cancellation_requested' },
  };
}

export function cancelNot(): Partial<Subscription> {
  return {
    cancel_at_period_end: false,
    cancel_at: null,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
  };
}
