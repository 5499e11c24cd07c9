import type Stripe from 'stripe';
import { DAY, openStripe, PRO_PRICE, START, type StripeWorld } from '../../support/stripe-simulator.js';

/** Subscriptions that begin later, or change and end, by the phases of a schedule. */
describe('subscription schedules', () => {
  let world: StripeWorld;
  let dearer: string;
  beforeEach(async () => {
    world = await openStripe();
    const price = await world.stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'usd',
      unit_amount: 1999,
      recurring: { interval: 'day', interval_count: 30 },
    });
    dearer = price.id;
  });
  afterEach(() => world.stop());

  const payer = async (payment: string): Promise<string> => {
    const { id } = await world.stripe.customers.create({ payment_method: payment, invoice_settings: { default_payment_method: payment } });
    return id;
  };
  const only = async (customer: string): Promise<Stripe.Subscription> => {
    const [subscription] = (await world.stripe.subscriptions.list({ customer, status: 'all' })).data;
    if (subscription === undefined) throw new Error('there is no subscription');
    return subscription;
  };
  const priceOf = ({ items }: Stripe.Subscription): string | undefined => items.data[0]?.price.id;

  test('begin a subscription at their time, with an invoice that stays a draft for an hour', async () => {
    const customer = await payer('pm_card_visa');
    const planned = await world.stripe.subscriptionSchedules.create({
      customer,
      start_date: START + 3 * DAY,
      end_behavior: 'release',
      phases: [{ items: [{ price: PRO_PRICE }], metadata: { user_id: 'u1' } }],
    });
    expect(planned).toMatchObject({ status: 'not_started', subscription: null, current_phase: null });
    expect((await world.stripe.subscriptions.list({ customer, status: 'all' })).data).toEqual([]);

    expect(await world.pass('3d')).toEqual(['customer.subscription.created', 'invoice.created', 'subscription_schedule.updated']);
    const begun = await only(customer);
    expect(begun).toMatchObject({ status: 'active', schedule: planned.id, metadata: { user_id: 'u1' } });
    expect(await world.stripe.invoices.retrieve(begun.latest_invoice as string)).toMatchObject({ status: 'draft' });
    expect(await world.stripe.subscriptionSchedules.retrieve(planned.id)).toMatchObject({
      status: 'active',
      subscription: begun.id,
      current_phase: { start_date: START + 3 * DAY, end_date: START + 33 * DAY },
    });

    await world.pass('1h');
    expect(await world.stripe.invoices.retrieve(begun.latest_invoice as string)).toMatchObject({ status: 'paid', amount_paid: 999 });
    expect(await world.pass('30d')).toEqual(
      expect.arrayContaining(['subscription_schedule.expiring', 'subscription_schedule.completed', 'invoice.paid']),
    );
    expect(await only(customer)).toMatchObject({ status: 'active', schedule: null });
  });

  test('whose first payment fails leave the subscription past due', async () => {
    const customer = await payer('pm_card_chargeCustomerFail');
    await world.stripe.subscriptionSchedules.create({ customer, start_date: 'now', phases: [{ items: [{ price: PRO_PRICE }] }] });
    expect((await only(customer)).status).toBe('active');
    await world.pass('1h');
    expect((await only(customer)).status).toBe('past_due');
    expect(await world.pass('16d')).toEqual(expect.arrayContaining(['customer.subscription.deleted', 'subscription_schedule.aborted']));
  });

  test('change the price of a subscription at the end of its period, then cancel it', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    const end = START + 30 * DAY;
    expect(schedule).toMatchObject({
      status: 'active',
      subscription: subscription.id,
      current_phase: { start_date: START, end_date: end },
    });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(`managed by the subscription schedule \`${schedule.id}\``) as string,
    });
    const planned = await stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'cancel',
      phases: [
        { items: [{ price: PRO_PRICE }], start_date: START, end_date: end },
        { items: [{ price: dearer }], duration: { interval: 'day', interval_count: 60 } },
      ],
    });
    expect(planned.phases.map((phase) => phase.end_date)).toEqual([end, end + 60 * DAY]);

    await world.pass('29d');
    expect(priceOf(await stripe.subscriptions.retrieve(subscription.id))).toBe(PRO_PRICE);
    await world.pass('2d');
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    expect(priceOf(changed)).toBe(dearer);
    expect(await stripe.invoices.retrieve(changed.latest_invoice as string)).toMatchObject({ status: 'paid', amount_paid: 1999 });

    const events = await world.pass('60d');
    expect(events).toEqual(expect.arrayContaining(['subscription_schedule.completed', 'customer.subscription.deleted']));
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({ status: 'completed' });
  });

  test('let go of a subscription, which then ends as anybody says', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    const { id } = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    expect(await stripe.subscriptionSchedules.release(id)).toMatchObject({
      status: 'released',
      released_at: START,
      released_subscription: subscription.id,
      subscription: null,
    });
    expect((await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).schedule).toBeNull();
    await expect(stripe.subscriptionSchedules.release(id)).rejects.toMatchObject({ statusCode: 400 });
    expect((await stripe.subscriptionSchedules.list({ customer: subscription.customer as string })).data).toHaveLength(1);
  });

  test('are cancelled before they begin, with their subscription, and with their customer', async () => {
    const { stripe } = world;
    const customer = await payer('pm_card_visa');
    const phases = [{ items: [{ price: PRO_PRICE }] }];
    const later = await stripe.subscriptionSchedules.create({ customer, start_date: START + DAY, phases });
    expect(await stripe.subscriptionSchedules.cancel(later.id)).toMatchObject({ status: 'canceled', canceled_at: START });
    const now = await stripe.subscriptionSchedules.create({ customer, start_date: 'now', phases });
    await stripe.subscriptionSchedules.cancel(now.id);
    expect((await only(customer)).status).toBe('canceled');
    const last = await stripe.subscriptionSchedules.create({ customer, start_date: START + DAY, phases });
    await stripe.customers.del(customer);
    expect(await stripe.subscriptionSchedules.retrieve(last.id)).toMatchObject({ status: 'canceled' });
    expect(await world.pass('3d')).toEqual([]);
  });

  test('refuse what cannot be', async () => {
    const { stripe } = world;
    const customer = await payer('pm_card_visa');
    const phases = [{ items: [{ price: PRO_PRICE }] }];
    const refused = (parameters: Stripe.SubscriptionScheduleCreateParams): Promise<void> =>
      expect(stripe.subscriptionSchedules.create(parameters)).rejects.toMatchObject({ statusCode: 400 });
    await refused({ phases });
    await refused({ customer });
    await refused({ customer, phases: [{ ...phases[0], items: [], end_date: START + DAY }] });
    await refused({ customer, start_date: START + 2 * DAY, phases: [{ items: [{ price: PRO_PRICE }], end_date: START + DAY }] });
    const subscription = await world.subscribe();
    await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await refused({ from_subscription: subscription.id });
    await refused({ customer, from_subscription: subscription.id });
  });
});
