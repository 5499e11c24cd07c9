import type Stripe from 'stripe';
import { DAY, openStripe, START, type StripeWorld } from '../../support/stripe-simulator.js';

/** The table of what happens to a subscription in its life, with the events of each case. */
describe('the life of a subscription', () => {
  let world: StripeWorld;
  beforeEach(async () => {
    world = await openStripe();
  });
  afterEach(() => world.stop());

  const RENEWED = [
    'invoice.created',
    'customer.subscription.updated',
    'invoice.finalized',
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.succeeded',
    'invoice.paid',
    'invoice.payment_succeeded',
    'invoice_payment.paid',
  ];
  const status = async (id: string): Promise<string> => (await world.stripe.subscriptions.retrieve(id)).status;
  const cards = (customer: unknown, behaviour: string): Promise<unknown> => world.control('POST', 'cards', { customer, behaviour });

  test('checkout paid: the subscription comes after the payment, active, its invoice paid', async () => {
    const session = await world.checkout({ customer_email: 'ada@example.com' });
    await world.submit(session.url ?? '');
    expect(await world.eventTypes()).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'customer.created',
      'payment_method.attached',
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
      'customer.subscription.updated',
      'checkout.session.completed',
    ]);
    const [created] = (await world.stripe.events.list({ type: 'customer.subscription.created' })).data;
    expect(created?.data.object).toMatchObject({ status: 'active', metadata: {} });
    const page = await fetch(`${world.url}/c/pay/${session.id}`).then((response) => response.text());
    expect(page).toContain(`https://shop.example/done?session=${session.id}`);
  });

  test('checkout declined: an error on the page, no subscription; another card pays the same checkout', async () => {
    const session = await world.checkout();
    expect(await world.submit(session.url ?? '', { number: '4000000000000002' })).toEqual({ status: 402, location: null });
    expect(await world.eventTypes()).toEqual(['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed']);
    expect((await world.stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
    await world.submit(session.url ?? '');
    expect(await world.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'complete', payment_status: 'paid' });
    expect((await world.stripe.paymentIntents.list()).data).toHaveLength(1);
  });

  test('checkout submitted twice at once: one subscription', async () => {
    const session = await world.checkout();
    await Promise.all(Array.from({ length: 8 }, () => world.submit(session.url ?? '')));
    expect((await world.stripe.subscriptions.list()).data).toHaveLength(1);
    expect((await world.stripe.charges.list()).data).toHaveLength(1);
  });

  test('abandoned: expired after a day, no subscription', async () => {
    const session = await world.checkout();
    expect(await world.pass('23h')).toEqual([]);
    expect(await world.pass('1h')).toEqual(['checkout.session.expired']);
    expect(await world.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired', url: null, subscription: null });
    expect((await world.submit(session.url ?? '')).status).toBe(410);
  });

  test.each([
    [
      'bank',
      'checkout.session.async_payment_succeeded',
      'paid',
      ['charge.succeeded', 'payment_intent.succeeded', 'invoice.paid', 'invoice.payment_succeeded', 'invoice_payment.paid'],
    ],
    [
      'bank_fails',
      'checkout.session.async_payment_failed',
      'unpaid',
      ['charge.failed', 'payment_intent.payment_failed', 'invoice.payment_failed'],
    ],
  ])('asynchronous method (%s): completed unpaid and active, then %s', async (method, event, paymentStatus, events) => {
    const session = await world.checkout();
    await world.submit(session.url ?? '', { method });
    const open = await world.stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription'] });
    expect(open).toMatchObject({ status: 'complete', payment_status: 'unpaid', subscription: { status: 'active' } });
    expect(await world.pass('3d')).toEqual([...events, event]);
    const settled = await world.stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription'] });
    expect(settled).toMatchObject({ payment_status: paymentStatus, subscription: { status: 'active' } });
  });

  test('renewal: 30 days later a new period, its invoice paid an hour after', async () => {
    const subscription = await world.subscribe();
    expect(await world.pass('30d')).toEqual(RENEWED.slice(0, 2));
    const renewed = await world.stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(renewed.items.data[0]).toMatchObject({ current_period_start: START + 30 * DAY, current_period_end: START + 60 * DAY });
    expect(renewed.latest_invoice).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
      automatically_finalizes_at: START + 30 * DAY + 3600,
    });
    expect(await world.pass('1h')).toEqual(RENEWED.slice(2));
    const [updated] = (await world.stripe.events.list({ type: 'customer.subscription.updated' })).data;
    expect(updated?.created).toBe(START + 30 * DAY);
    expect(updated?.data.previous_attributes).toMatchObject({ latest_invoice: subscription.latest_invoice });
  });

  test('a year at once: twelve renewals, each at its own time', async () => {
    await world.subscribe();
    await world.pass('365d');
    const { data } = await world.stripe.events.list({ type: 'invoice.paid', limit: 100 });
    expect(data.map((event) => (event.created - START) / DAY).reverse()).toEqual([
      0,
      ...Array.from({ length: 12 }, (_, i) => 30 * (i + 1) + 1 / 24),
    ]);
  });

  test('failure, recovered: past_due, then paid by a later try and active', async () => {
    const subscription = await world.subscribe();
    await cards(subscription.customer, 'insufficient_funds');
    const failed = [
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.payment_failed',
      'customer.updated',
      'customer.subscription.updated',
    ];
    expect(await world.pass('31d')).toEqual([...RENEWED.slice(0, 4), ...failed]);
    expect(await status(subscription.id)).toBe('past_due');
    await cards(subscription.customer, 'pays');
    expect(await world.pass('3d')).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    expect(await status(subscription.id)).toBe('active');
  });

  test('failure, exhausted: three more tries, then canceled', async () => {
    const subscription = await world.subscribe();
    await cards(subscription.customer, 'generic_decline');
    await world.pass('31d');
    const again = ['charge.failed', 'payment_intent.payment_failed', 'invoice.payment_failed'];
    expect(await world.pass('3d')).toEqual(again);
    expect(await world.pass('5d')).toEqual(again);
    expect(await world.pass('7d')).toEqual([...again, 'customer.subscription.deleted', 'invoice.updated']);
    expect(await world.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: START + 45 * DAY + 3600,
      cancellation_details: { reason: 'payment_failed' },
    });
    expect(await world.pass('60d')).toEqual([]);
  });

  const invoiceOf = async (id: string): Promise<Stripe.Invoice> => {
    const { latest_invoice: latest } = await world.stripe.subscriptions.retrieve(id);
    return world.stripe.invoices.retrieve(latest as string, { expand: ['payments.data.payment.payment_intent'] });
  };

  test('the bank asks about a renewal: past_due, and active once the customer has confirmed it from the invoice', async () => {
    const subscription = await world.subscribe();
    await cards(subscription.customer, 'authenticates_always');
    expect(await world.pass('31d')).toEqual([
      ...RENEWED.slice(0, 4),
      'payment_intent.requires_action',
      'invoice.payment_failed',
      'customer.updated',
      'customer.subscription.updated',
      'invoice.payment_action_required',
    ]);
    expect(await status(subscription.id)).toBe('past_due');
    const invoice = await invoiceOf(subscription.id);
    expect(invoice).toMatchObject({
      status: 'open',
      attempt_count: 1,
      next_payment_attempt: START + 33 * DAY + 3600,
      payments: { data: [{ payment: { payment_intent: { status: 'requires_action' } } }] },
    });
    const page = await fetch(invoice.hosted_invoice_url ?? '').then((response) => response.text());
    const path = /href="(\/authenticate\/[^"]+)"/.exec(page)?.[1] ?? '';
    expect((await world.submit(world.url + path, { answer: 'complete' })).location).toBe(invoice.hosted_invoice_url);
    expect(await status(subscription.id)).toBe('active');
    expect(await world.pass('20d')).toEqual([]);
  });

  test('the bank asks about a renewal and nobody answers: the tries end, and so does the subscription', async () => {
    const subscription = await world.subscribe();
    await cards(subscription.customer, 'authenticates_always');
    await world.pass('60d');
    expect(await world.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: START + 45 * DAY + 3600,
      cancellation_details: { reason: 'payment_failed' },
    });
  });

  test.each([
    ['settles_later', 'active', []],
    ['fails_later', 'past_due', [START + 33 * DAY + 3600 + 3 * DAY + 5 * DAY]],
  ])('a bank debit that is under way when the next try is due (%s): waited for, then %s', async (behaviour, after, next) => {
    const subscription = await world.subscribe();
    await cards(subscription.customer, 'insufficient_funds');
    await world.pass('31d');
    await cards(subscription.customer, behaviour);
    expect(await world.pass('3d')).toEqual(['charge.pending', 'payment_intent.processing']);
    expect(await invoiceOf(subscription.id)).toMatchObject({ status: 'open', next_payment_attempt: null });
    await expect(world.stripe.invoices.pay((await invoiceOf(subscription.id)).id)).resolves.toMatchObject({ status: 'open' });
    await world.pass('3d');
    expect(await status(subscription.id)).toBe(after);
    expect([(await invoiceOf(subscription.id)).next_payment_attempt].filter((time) => time !== null)).toEqual(next);
  });

  test('a card that fails when charged (…0341) can be saved in the portal; the renewal fails', async () => {
    const subscription = await world.subscribe();
    const portal = await world.stripe.billingPortal.sessions.create({ customer: subscription.customer as string });
    expect((await world.submit(`${portal.url}/card`, { number: '4000000000000341' })).status).toBe(303);
    expect((await world.submit(`${portal.url}/card`, { number: '4000000000000002' })).status).toBe(422);
    await world.pass('31d');
    expect(await status(subscription.id)).toBe('past_due');
  });

  test('cancel at the end by the API: both fields, then deleted at the end', async () => {
    const { id } = await world.subscribe();
    expect(await world.stripe.subscriptions.update(id, { cancel_at_period_end: true })).toMatchObject({
      cancel_at_period_end: true,
      cancel_at: START + 30 * DAY,
    });
    expect((await world.eventTypes()).at(-1)).toBe('customer.subscription.updated');
    expect(await world.pass('29d')).toEqual([]);
    expect(await status(id)).toBe('active');
    expect(await world.pass('1d')).toEqual(['customer.subscription.deleted']);
    expect(await world.stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled', ended_at: START + 30 * DAY });
  });

  test('cancel at the end in the portal: cancel_at alone; undone: it renews', async () => {
    const subscription = await world.subscribe();
    const portal = await world.stripe.billingPortal.sessions.create({ customer: subscription.customer as string });
    await world.submit(`${portal.url}/subscriptions/${subscription.id}/cancel`);
    expect(await world.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: START + 30 * DAY,
    });
    await world.submit(`${portal.url}/subscriptions/${subscription.id}/resume`);
    expect(await world.stripe.subscriptions.retrieve(subscription.id)).toEqual(subscription);
    expect(await world.pass('31d')).toEqual(RENEWED);
  });

  test('cancel now: deleted, final', async () => {
    const { id } = await world.subscribe();
    await world.stripe.subscriptions.cancel(id);
    expect((await world.eventTypes()).at(-1)).toBe('customer.subscription.deleted');
    expect(await status(id)).toBe('canceled');
    expect(await world.pass('60d')).toEqual([]);
  });

  test('refund, dispute: the charge tells of both; the subscription stays', async () => {
    const subscription = await world.subscribe();
    const [charge] = (await world.stripe.charges.list({ customer: subscription.customer as string })).data;
    const dispute = await world.control<{ id: string; status: string }>('POST', 'disputes', { charge: charge?.id });
    expect(dispute.status).toBe('needs_response');
    await world.control('POST', `disputes/${dispute.id}/close`, { status: 'lost' });
    expect((await world.eventTypes()).slice(-4)).toEqual([
      'charge.updated',
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.closed',
    ]);
    const other = await world.subscribe();
    const payments = await world.stripe.invoicePayments.list({ invoice: other.latest_invoice as string });
    await world.stripe.refunds.create({ payment_intent: payments.data[0]?.payment.payment_intent as string });
    expect((await world.eventTypes()).slice(-2)).toEqual(['refund.created', 'charge.refunded']);
    expect([await status(subscription.id), await status(other.id)]).toEqual(['active', 'active']);
  });

  test('send_invoice: active at once, its invoice sent; overdue it is past_due, paid it is active again', async () => {
    const { stripe } = world;
    const { id: customer } = await stripe.customers.create({ email: 'ada@example.com' });
    const order = { customer, items: [{ price: 'price_simulated_pro' }], collection_method: 'send_invoice' as const };
    await expect(stripe.subscriptions.create(order)).rejects.toMatchObject({ statusCode: 400, param: 'days_until_due' });
    const { id } = await stripe.subscriptions.create({ ...order, days_until_due: 10 });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'active',
      collection_method: 'send_invoice',
      days_until_due: 10,
    });
    expect((await world.eventTypes()).slice(-3)).toEqual(['invoice.finalized', 'payment_intent.created', 'invoice.sent']);
    expect(await invoiceOf(id)).toMatchObject({ status: 'open', due_date: START + 10 * DAY, attempt_count: 0 });
    expect(await world.pass('10d')).toEqual(['invoice.overdue', 'customer.subscription.updated']);
    expect(await status(id)).toBe('past_due');
    expect((await world.submit((await invoiceOf(id)).hosted_invoice_url ?? '')).status).toBe(303);
    expect(await status(id)).toBe('active');
  });

  test('a dispute of an old charge, from an inquiry to its loss; the charge of an inquiry can be refunded', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    await world.pass('61d');
    const charges = (await stripe.charges.list({ customer: subscription.customer as string })).data;
    const [newest = '', middle = '', oldest = ''] = charges.map(({ id }) => id);
    const inquiry = await world.control<{ id: string }>('POST', 'disputes', { charge: oldest, status: 'warning_needs_response' });
    expect((await world.eventTypes()).slice(-2)).toEqual(['charge.updated', 'charge.dispute.created']);
    await world.control('POST', `disputes/${inquiry.id}`, { status: 'needs_response' });
    await world.control('POST', `disputes/${inquiry.id}`, { status: 'under_review' });
    await world.control('POST', `disputes/${inquiry.id}`, { status: 'lost' });
    expect((await world.eventTypes()).slice(-4)).toEqual([
      ...['charge.dispute.updated', 'charge.dispute.funds_withdrawn', 'charge.dispute.updated', 'charge.dispute.closed'],
    ]);
    await expect(world.control('POST', `disputes/${inquiry.id}`, { status: 'won' })).rejects.toThrow('already closed');
    expect(await stripe.disputes.list({ charge: oldest })).toMatchObject({ data: [{ id: inquiry.id, status: 'lost' }] });
    await expect(stripe.refunds.create({ charge: oldest })).rejects.toMatchObject({ code: 'charge_disputed' });
    await world.control('POST', 'disputes', { charge: middle, status: 'warning_under_review' });
    expect((await stripe.refunds.create({ charge: middle })).status).toBe('succeeded');
    expect(await world.control('POST', 'disputes', { charge: newest, status: 'prevented' })).toMatchObject({ status: 'prevented' });
  });

  test('refunds that a bank decides on: pending and then there, or failed and due again', async () => {
    const { stripe } = world;
    const pay = async (method: string): Promise<string> =>
      (await stripe.paymentIntents.create({ amount: 999, currency: 'usd', payment_method: method, confirm: true })).id;
    const pending = await stripe.refunds.create({ payment_intent: await pay('pm_card_pendingRefund') });
    expect(pending.status).toBe('pending');
    expect(await world.pass('3d')).toEqual(['refund.updated', 'charge.refund.updated']);
    expect((await stripe.refunds.retrieve(pending.id)).status).toBe('succeeded');

    const intent = await pay('pm_card_refundFail');
    const failing = await stripe.refunds.create({ payment_intent: intent });
    expect(failing.status).toBe('succeeded');
    expect(await world.pass('3d')).toEqual(['refund.updated', 'charge.refund.updated', 'refund.failed', 'charge.updated']);
    expect(await stripe.refunds.retrieve(failing.id)).toMatchObject({ status: 'failed', failure_reason: 'lost_or_stolen_card' });
    const again = await stripe.refunds.create({ payment_intent: intent });
    await world.control('POST', `refunds/${again.id}`, { status: 'requires_action' });
    expect((await stripe.refunds.cancel(again.id)).status).toBe('canceled');
    expect(await stripe.charges.retrieve(again.charge as string)).toMatchObject({ amount_refunded: 0, refunded: false });
  });

  test('trial: trialing, announced three days before its end, then charged', async () => {
    const session = await world.checkout({ subscription_data: { trial_period_days: 7 } });
    await world.submit(session.url ?? '');
    const { subscription: id, payment_status: paid } = await world.stripe.checkout.sessions.retrieve(session.id);
    expect(paid).toBe('no_payment_required');
    const trial = await world.stripe.subscriptions.retrieve(id as string);
    expect(trial).toMatchObject({ status: 'trialing', trial_start: START, trial_end: START + 7 * DAY });
    expect((await world.stripe.events.list({ type: 'customer.subscription.created' })).data[0]?.data.object).toMatchObject({
      status: 'trialing',
    });
    expect(await world.pass('4d')).toEqual(['customer.subscription.trial_will_end']);
    expect(await world.pass('3d')).toEqual(RENEWED.slice(0, 2));
    expect(await status(trial.id)).toBe('active');
    expect(await world.pass('1h')).toEqual(RENEWED.slice(2));
  });

  test('created through the API and declined: incomplete, expired after 23 hours', async () => {
    const { stripe } = world;
    const customer = await stripe.customers.create({ email: 'ada@example.com' });
    const method = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
    const items = [{ price: 'price_simulated_pro' }];
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items, default_payment_method: method.id });
    expect(await status(id)).toBe('incomplete');
    expect(await world.pass('23h')).toEqual(['customer.subscription.updated', 'payment_intent.canceled', 'invoice.voided']);
    expect(await status(id)).toBe('incomplete_expired');
    await expect(
      stripe.subscriptions.create({
        customer: customer.id,
        items,
        default_payment_method: method.id,
        payment_behavior: 'error_if_incomplete',
      }),
    ).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toHaveLength(1);
  });

  test('authentication at the bank: asked, failed, asked again, completed', async () => {
    const session = await world.checkout();
    const asked = await world.submit(session.url ?? '', { number: '4000002500003155' });
    expect(asked.location).toContain(`${world.url}/authenticate/pi_`);
    expect((await world.submit(asked.location ?? '', { answer: 'fail' })).location).toBe(session.url);
    expect((await world.stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    const again = await world.submit(session.url ?? '', { number: '4000002500003155' });
    await world.submit(again.location ?? '', { answer: 'complete' });
    expect((await world.stripe.checkout.sessions.retrieve(session.id)).status).toBe('complete');
    expect((await world.eventTypes()).filter((type) => type.startsWith('payment_intent'))).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.payment_failed',
      'payment_intent.requires_action',
      'payment_intent.succeeded',
    ]);
    expect(await world.pass('31d')).toEqual(RENEWED);
  });
});

describe('what the account does when retries end', () => {
  test.each([
    ['mark_unpaid', 'unpaid'],
    ['leave_past_due', 'past_due'],
  ] as const)('%s', async (whenRetriesEnd, expected) => {
    const world = await openStripe({ rules: { whenRetriesEnd, retryDays: [1] } });
    const { id, customer } = await world.subscribe();
    await world.control('POST', 'cards', { customer, behaviour: 'generic_decline' });
    await world.pass('33d');
    expect((await world.stripe.subscriptions.retrieve(id)).status).toBe(expected);
    await world.stop();
  });

  test('cancel, for the failed payment also where the payer had cancelled', async () => {
    const world = await openStripe({ rules: { whenRetriesEnd: 'cancel', retryDays: [1] } });
    const { id, customer } = await world.subscribe();
    await world.control('POST', 'cards', { customer, behaviour: 'generic_decline' });
    await world.pass('30d');
    await world.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await world.pass('3d');
    const { status, cancellation_details: details } = await world.stripe.subscriptions.retrieve(id);
    expect([status, details?.reason]).toEqual(['canceled', 'payment_failed']);
    await world.stop();
  });
});
