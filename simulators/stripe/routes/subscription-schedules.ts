import { z } from 'zod';
import { addInterval, type Seconds } from '../clock.js';
import { applyPhase, beginSchedule, cancel, isLive, prorationOf, release, requireLive, save, timesOf } from '../engine/scheduling.js';
import { recurrenceOf, requireCurrency } from '../engine/subscribing.js';
import { hasEnded } from '../engine/subscription-state.js';
import { newPhase, newSubscriptionSchedule, type SchedulePhase } from '../objects/subscription-schedule.js';
import { periodOf } from '../objects/subscription.js';
import { flag, given, mergeMetadata, metadata, positive, text, timestamp } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import type { SubscriptionSchedule } from '../wire.js';
import type { World } from '../world.js';
import { lists, retrieves, route, type Route } from './route.js';
import { orderedPrice } from './subscriptions.js';

const endBehavior = z.enum(['cancel', 'release']);
const proration = z.enum(['none', 'create_prorations', 'always_invoice']);
const phase = z.strictObject({
  items: z.array(z.strictObject({ price: text, quantity: positive.optional() })).min(1),
  duration: z.strictObject({ interval: z.enum(['day', 'week', 'month', 'year']), interval_count: positive.optional() }).optional(),
  end_date: timestamp.optional(),
  /** The older word for a duration in billing periods, in which Stripe's command line still writes. */
  iterations: positive.optional(),
  metadata: metadata.optional(),
  proration_behavior: proration.optional(),
});
const createSchema = z.strictObject({
  customer: text.optional(),
  end_behavior: endBehavior.optional(),
  from_subscription: text.optional(),
  metadata: metadata.optional(),
  phases: z.array(phase).min(1).optional(),
  start_date: z.union([z.literal('now'), timestamp]).optional(),
});
const updateSchema = z.strictObject({
  end_behavior: endBehavior.optional(),
  metadata: metadata.optional(),
  phases: z
    .array(phase.extend({ start_date: z.union([z.literal('now'), timestamp]).optional() }))
    .min(1)
    .optional(),
  proration_behavior: proration.optional(),
});
const cancelSchema = z.strictObject({ invoice_now: z.literal('false').optional(), prorate: z.literal('false').optional() });

/** Phases follow each other without a gap; one that names no end lasts a billing period. */
function phasesFrom(world: World, start: Seconds, wanted: readonly z.output<typeof phase>[]): SchedulePhase[] {
  let begins = start;
  return wanted.map((one, index) => {
    const at = `phases[${index}]`;
    const ordered = one.items.map((item, place) => orderedPrice(world, item.price, item.quantity, `${at}[items][${place}][price]`));
    const { interval, count } = recurrenceOf(ordered, `${at}[items]`);
    if ([one.duration, one.end_date, one.iterations].filter((value) => value !== undefined).length > 1)
      throw invalidRequest('You may only specify one of these parameters: duration, end_date.', { param: `${at}[end_date]` });
    const lasts = one.duration ?? { interval, interval_count: count * (one.iterations ?? 1) };
    const end = one.end_date ?? addInterval(begins, lasts.interval, lasts.interval_count ?? 1);
    if (end <= begins) throw invalidRequest('The end date of a phase must be after its start date.', { param: `${at}[end_date]` });
    const made = newPhase(
      ordered,
      { start: begins, end },
      { metadata: mergeMetadata({}, one.metadata), ...given({ proration_behavior: one.proration_behavior }) },
    );
    begins = end;
    return made;
  });
}

function create(world: World, parameters: z.output<typeof createSchema>): SubscriptionSchedule {
  const { from_subscription: from, phases: wanted, start_date: start = 'now', end_behavior: ends = 'release' } = parameters;
  if (from !== undefined) return createFrom(world, from, parameters);
  if (parameters.customer === undefined)
    throw invalidRequest('Missing required param: customer.', { code: 'parameter_missing', param: 'customer' });
  if (wanted === undefined) throw invalidRequest('Missing required param: phases.', { code: 'parameter_missing', param: 'phases' });
  const customer = world.require('customers', parameters.customer, 'customer');
  const phases = phasesFrom(world, start === 'now' ? world.now() : start, wanted);
  requireCurrency(world, customer, phases[0]?.currency ?? '');
  const schedule = world.add(
    'schedules',
    newSubscriptionSchedule(world.now(), {
      customer: customer.id,
      phases,
      end_behavior: ends,
      metadata: mergeMetadata({}, parameters.metadata),
    }),
    'subscription_schedule.created',
  );
  return (phases[0]?.start_date ?? Infinity) <= world.now() ? beginSchedule(world, schedule) : schedule;
}

/** A schedule for a subscription that is there, whose first phase is its current period. */
function createFrom(world: World, id: string, parameters: z.output<typeof createSchema>): SubscriptionSchedule {
  const { customer, end_behavior: ends, metadata: pairs, phases, start_date: start } = parameters;
  if ([customer, ends, phases, start].some((value) => value !== undefined) || pairs !== undefined)
    throw invalidRequest('You cannot set other parameters together with `from_subscription`. Update the schedule afterwards.', {
      param: 'from_subscription',
    });
  const subscription = world.require('subscriptions', id, 'from_subscription');
  if (hasEnded(subscription))
    throw invalidRequest('You cannot migrate a subscription that has ended to a subscription schedule.', { param: 'from_subscription' });
  if (subscription.schedule !== null)
    throw invalidRequest(
      `You cannot migrate a subscription that is already attached to a schedule: \`${subscription.id}\` is already connected to the schedule \`${subscription.schedule}\`.`,
      { param: 'from_subscription' },
    );
  const ordered = subscription.items.data.map(({ price, quantity }) => ({ price, quantity: quantity ?? 1 }));
  const now = newPhase(ordered, periodOf(subscription), { metadata: subscription.metadata });
  const schedule = world.add(
    'schedules',
    newSubscriptionSchedule(world.now(), {
      customer: subscription.customer,
      phases: [now],
      end_behavior: 'release',
      status: 'active',
      subscription: subscription.id,
      current_phase: timesOf(now),
    }),
    'subscription_schedule.created',
  );
  world.change('subscriptions', subscription, { schedule: schedule.id }, 'customer.subscription.updated');
  return schedule;
}

/** The phases that are given stand for the current one and those that follow it. */
function update(world: World, parameters: z.output<typeof updateSchema>, id: string): SubscriptionSchedule {
  const schedule = world.require('schedules', id);
  requireLive(schedule, 'update');
  const { phases: wanted, end_behavior: ends, metadata: pairs } = parameters;
  const patch = { metadata: mergeMetadata(schedule.metadata ?? {}, pairs), ...given({ end_behavior: ends }) };
  if (wanted === undefined) return save(world, schedule, patch);
  const { current_phase: current } = schedule;
  const named = wanted[0]?.start_date;
  const start = named === 'now' ? world.now() : (named ?? current?.start_date ?? schedule.phases[0]?.start_date ?? world.now());
  if (current !== null && start !== current.start_date)
    throw invalidRequest('You can not modify the start date of the current phase.', { param: 'phases[0][start_date]' });
  for (const [index, one] of wanted.entries())
    if (index > 0 && one.start_date !== undefined && one.start_date !== wanted[index - 1]?.end_date)
      throw invalidRequest('A phase must begin where the phase before it ends.', { param: `phases[${index}][start_date]` });
  const phases = phasesFrom(world, start, wanted);
  const [first] = phases;
  if (current === null || first === undefined) {
    const planned = save(world, schedule, { ...patch, phases });
    return start <= world.now() ? beginSchedule(world, planned) : planned;
  }
  const past = schedule.phases.filter(({ end_date: end }) => end <= current.start_date);
  const changed = save(world, schedule, { ...patch, phases: [...past, ...phases], current_phase: timesOf(first) });
  applyPhase(world, changed, first, prorationOf(parameters.proration_behavior ?? first.proration_behavior));
  return changed;
}

export const subscriptionScheduleRoutes: Route[] = [
  route('POST', '/v1/subscription_schedules', createSchema, create),
  retrieves('/v1/subscription_schedules', 'schedules'),
  route('POST', '/v1/subscription_schedules/:id', updateSchema, update),
  route('POST', '/v1/subscription_schedules/:id/release', z.strictObject({ preserve_cancel_date: flag.optional() }), (world, _given, id) =>
    release(world, world.require('schedules', id)),
  ),
  route('POST', '/v1/subscription_schedules/:id/cancel', cancelSchema, (world, _parameters, id) =>
    cancel(world, world.require('schedules', id)),
  ),
  lists(
    '/v1/subscription_schedules',
    'schedules',
    { customer: text.optional(), scheduled: flag.optional() },
    (schedule, { customer, scheduled }) =>
      (customer === undefined || schedule.customer === customer) &&
      (scheduled !== true || (isLive(schedule) && schedule.status === 'not_started')),
  ),
];
