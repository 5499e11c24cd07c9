import { openStripe, PRO_PRICE, stable, START, type StripeWorld } from '../../support/stripe-simulator.js';

/** Every call that the backend makes of Stripe, by Stripe's own SDK, with the whole answer asserted. */
describe('the calls of the SDK', () => {
  let world: StripeWorld;
  beforeEach(async () => {
    world = await openStripe();
  });
  afterEach(() => world.stop());

  const whole = (answer: object): void => {
    expect(stable(answer, world.url)).toMatchSnapshot();
  };

  test('customers: create, retrieve, update, list, delete', async () => {
    const { stripe } = world;
    const created = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada', metadata: { user_id: 'u1' } });
    whole(created);
    expect(await stripe.customers.retrieve(created.id)).toEqual(created);
    const updated = await stripe.customers.update(created.id, { metadata: { user_id: '', plan: 'pro' }, name: 'Ada L.' });
    expect(updated).toEqual({ ...created, metadata: { plan: 'pro' }, name: 'Ada L.' });
    expect(await stripe.customers.list()).toEqual({ object: 'list', data: [updated], has_more: false, url: '/v1/customers' });
    expect(await stripe.customers.del(created.id)).toEqual({ id: created.id, object: 'customer', deleted: true });
    expect(await stripe.customers.retrieve(created.id)).toEqual({ id: created.id, object: 'customer', deleted: true });
  });

  test('the price that is always there recurs every 30 days', async () => {
    const price = await world.stripe.prices.retrieve(PRO_PRICE, { expand: ['product'] });
    whole(price);
    expect(price.recurring).toMatchObject({ interval: 'day', interval_count: 30 });
  });

  test('checkout sessions: create, retrieve, list, line items, expire', async () => {
    const { stripe } = world;
    const customer = await stripe.customers.create({ email: 'ada@example.com' });
    const session = await world.checkout({
      customer: customer.id,
      client_reference_id: 'u1',
      metadata: { user_id: 'u1' },
      subscription_data: { metadata: { user_id: 'u1' } },
    });
    whole(session);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toEqual(session);
    expect((await stripe.checkout.sessions.list({ customer: customer.id, status: 'open' })).data).toEqual([session]);
    whole(await stripe.checkout.sessions.listLineItems(session.id));
    const expired = await stripe.checkout.sessions.expire(session.id);
    expect(expired).toEqual({ ...session, status: 'expired', url: null });
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toMatchObject({ statusCode: 400, rawType: 'invalid_request_error' });
  });

  test('a checkout that was paid, with its subscription, invoice and payment', async () => {
    const session = await world.checkout({ subscription_data: { metadata: { user_id: 'u1' } } });
    expect(await world.submit(session.url ?? '')).toEqual({ status: 303, location: session.url });
    const expand = ['subscription.latest_invoice.payments', 'customer', 'line_items'];
    whole(await world.stripe.checkout.sessions.retrieve(session.id, { expand }));
  });

  test('billing portal sessions: create', async () => {
    const customer = await world.stripe.customers.create({ email: 'ada@example.com' });
    whole(await world.stripe.billingPortal.sessions.create({ customer: customer.id, return_url: 'https://shop.example/account' }));
  });

  test('subscriptions: retrieve, update, cancel at the end and back, list, cancel', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    whole(subscription);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toEqual(subscription);
    const end = subscription.items.data[0]?.current_period_end;
    expect(end).toBe(START + 30 * 86_400);

    const leaving = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(leaving).toEqual({
      ...subscription,
      cancel_at_period_end: true,
      cancel_at: end,
      canceled_at: START,
      cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: 'cancellation_requested' },
    });
    expect(await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false })).toEqual(subscription);
    expect((await stripe.subscriptions.list({ customer: subscription.customer as string })).data).toEqual([subscription]);

    const ended = await stripe.subscriptions.cancel(subscription.id);
    expect(ended).toEqual({
      ...subscription,
      status: 'canceled',
      canceled_at: START,
      ended_at: START,
      cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: 'cancellation_requested' },
    });
    expect((await stripe.subscriptions.list()).data).toEqual([]);
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([ended]);
    await expect(stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({ statusCode: 404, code: 'resource_missing' });
  });

  test('subscriptions: pause, resume, and pause of the collection', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    const paused = await stripe.subscriptions.pause(subscription.id, { type: 'subscription' });
    expect(paused).toEqual({ ...subscription, status: 'paused' });
    expect(await stripe.subscriptions.resume(subscription.id, { billing_cycle_anchor: { type: 'unchanged' } })).toEqual(subscription);
    const collection = { behavior: 'void', resumes_at: START + 86_400 } as const;
    expect(await stripe.subscriptions.update(subscription.id, { pause_collection: collection })).toEqual({
      ...subscription,
      pause_collection: collection,
    });
    expect(await stripe.subscriptions.update(subscription.id, { pause_collection: '' })).toEqual(subscription);
  });

  test('invoices and invoice payments: list by customer and by payment intent', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    const invoices = await stripe.invoices.list({ customer: subscription.customer as string });
    whole(invoices);
    const payments = await stripe.invoicePayments.list({ invoice: invoices.data[0]?.id ?? '' });
    whole(payments);
    const intent = payments.data[0]?.payment.payment_intent as string;
    expect(await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent } })).toEqual(payments);
    whole(await stripe.paymentIntents.retrieve(intent, { expand: ['latest_charge', 'payment_method'] }));
  });

  test('refunds: create in part and in full', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    const payments = await stripe.invoicePayments.list({ invoice: subscription.latest_invoice as string });
    const intent = payments.data[0]?.payment.payment_intent as string;
    const refund = await stripe.refunds.create({
      payment_intent: intent,
      amount: 400,
      reason: 'requested_by_customer',
      metadata: { why: 'test' },
    });
    whole(refund);
    await expect(stripe.refunds.create({ payment_intent: intent, amount: 600 })).rejects.toMatchObject({
      statusCode: 400,
      param: 'amount',
    });
    expect((await stripe.refunds.create({ payment_intent: intent })).amount).toBe(599);
    expect(await stripe.charges.retrieve(refund.charge as string)).toMatchObject({ amount_refunded: 999, refunded: true });
    await expect(stripe.refunds.create({ payment_intent: intent })).rejects.toMatchObject({ code: 'charge_already_refunded' });
  });

  test('events: list by types, retrieve', async () => {
    const { stripe } = world;
    const customer = await stripe.customers.create({ email: 'ada@example.com' }, { idempotencyKey: 'a-key' });
    await stripe.customers.update(customer.id, { name: 'Ada' }, { idempotencyKey: 'another-key' });
    const { data } = await stripe.events.list({ types: ['customer.updated', 'customer.created'] });
    expect(data.map((event) => event.type)).toEqual(['customer.updated', 'customer.created']);
    whole(data);
    expect(await stripe.events.retrieve(data[0]?.id ?? '')).toEqual(data[0]);
    expect((await stripe.events.list({ type: 'invoice.*' })).data).toEqual([]);
  });
});
