import type Stripe from 'stripe';
import { RevenueService } from '../../../src/modules/billing/revenue.service.js';
import { BillingProcessor } from '../../../src/modules/billing/worker/billing.processor.js';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { DAY, PRO_PRICE } from '../../support/stripe-simulator.js';
import { until } from '../../support/until.js';

let stack: BillingStack;
let stripe: Stripe;
let otherPrice: string;

beforeAll(async () => {
  stack = await startBilling({ SWEEP_INTERVAL: '200ms' });
  ({ stripe } = stack.stripe);
  const product = await stripe.products.create({ name: 'Books' });
  const price = { product: product.id, currency: 'usd', unit_amount: 500, recurring: { interval: 'month' } } as const;
  otherPrice = (await stripe.prices.create(price)).id;
});

afterAll(async () => {
  await stack.close();
});

afterEach(async () => {
  await stack.stripe.control('DELETE', 'faults');
});

const payer = async (): Promise<TestUser> => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  await stack.settled();
  return user;
};

/** A user with a customer at Stripe, who has not paid. */
const visitor = async (): Promise<TestUser> => {
  const user = await stack.api.signUp();
  const { body } = await stack.subscribe(user);
  await stripe.checkout.sessions.expire(body.session_id);
  await stack.settled();
  return user;
};

const planAndStatus = async (user: TestUser) => {
  const { plan, status } = (await stack.status(user)).body;
  return { plan, status };
};

/** Has the next sync run of the user begin now, and resolves when it is over. */
const look = async (user: TestUser): Promise<void> => {
  const begun = `SELECT ticket, failed_runs FROM stripe_customers WHERE user_id = $1`;
  const before = await stack.sql(begun, [user.id]);
  await stack.sql(`UPDATE stripe_customers SET check_at = now(), synced_at = NULL WHERE user_id = $1`, [user.id]);
  const isOver = async () => {
    const [row] = await stack.sql<{ over: boolean }>(
      `SELECT ticket > $2 AND (applied_ticket = ticket OR failed_runs > $3) AS over FROM stripe_customers WHERE user_id = $1`,
      [user.id, Reflect.get(before[0] ?? {}, 'ticket'), Reflect.get(before[0] ?? {}, 'failed_runs')],
    );
    return row?.over === true;
  };
  await until('the sync run is over', isOver);
};

/** Stripe answers nothing whose path begins so. */
const away = (path: string) => stack.stripe.control('POST', 'faults', { kind: 'drop', path, times: 1_000 });

/** As if the period had ended so long ago, and nothing had been heard since. */
const endPeriod = (user: TestUser, ago: string) =>
  stack.sql(
    `UPDATE subscriptions SET entitled_until = now() - $2::interval + (entitled_until - current_period_end),
       current_period_end = now() - $2::interval WHERE user_id = $1`,
    [user.id, ago],
  );

describe('A subscription to another product', () => {
  it('of the same customer makes nobody Pro, is left alone, and is no invoice of ours', async () => {
    const user = await visitor();
    const customer = await stack.customerOf(user);
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    const order = { customer, items: [{ price: otherPrice }], default_payment_method: method.id };
    const revenue = () => stack.api.app.get(RevenueService, { strict: false }).getRevenue(new Date(0), new Date(Date.now() + DAY * 1_000));
    const before = await revenue();
    const other = await stripe.subscriptions.create(order);
    expect(other.status).toBe('active');
    await stack.settled();
    expect(await revenue()).toEqual(before);
    await look(user);
    expect(await planAndStatus(user)).toEqual({ plan: 'basic', status: 'none' });

    await stack.pay(user);
    await stack.settled();
    await look(user);
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
    expect((await revenue()).map(({ paid }) => paid)).toEqual([(before[0]?.paid ?? 0) + 999]);
    expect((await stripe.subscriptions.retrieve(other.id)).status).toBe('active');
    expect((await stripe.refunds.list()).data).toEqual([]);
    const { data } = (await stack.api.get<{ data: { amount_paid: number }[] }>('/subscription/invoice', { token: user.accessToken })).body;
    expect(data.map(({ amount_paid: amount }) => amount)).toEqual([999]);
    // The invoice of the other product is not counted into the page either.
    const page = await stack.api.get<{ data: object[] }>('/subscription/invoice?limit=1', { token: user.accessToken });
    expect(page.body).toEqual({ data, next_cursor: null });
  });

  it('is what a subscription is once its item was changed to it', async () => {
    const user = await payer();
    const [subscription] = await stack.subscriptionsOf(user);
    const monthly = { product: (await stripe.prices.retrieve(otherPrice)).product as string, currency: 'usd', unit_amount: 100 };
    const price = await stripe.prices.create({ ...monthly, recurring: { interval: 'day', interval_count: 30 } });
    const item = { id: subscription?.items.data[0]?.id ?? '', price: price.id };
    await stripe.subscriptions.update(subscription?.id ?? '', { items: [item], proration_behavior: 'none' });
    await until('Pro is over', async () => (await planAndStatus(user)).plan === 'basic');
    expect((await stack.subscriptionsOf(user)).map(({ status }) => status)).toEqual(['active']);
    expect((await stack.subscribe(user)).status).toBe(201);
  });

  it('is not what an old price of Pro is for', async () => {
    const user = await visitor();
    const { product } = await stripe.prices.retrieve(PRO_PRICE);
    const recurring = { interval: 'year' } as const;
    const old = await stripe.prices.create({ product: product as string, currency: 'usd', unit_amount: 4_999, recurring });
    const customer = await stack.customerOf(user);
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    await stripe.subscriptions.create({ customer, items: [{ price: old.id }], default_payment_method: method.id });
    await until('the payer has Pro', async () => (await planAndStatus(user)).plan === 'pro');
  });
});

it('a subscription whose invoices are sent is left alone while the first one is open', async () => {
  const user = await visitor();
  const items = [{ price: PRO_PRICE }];
  const customer = await stack.customerOf(user);
  const sent = await stripe.subscriptions.create({ customer, items, collection_method: 'send_invoice', days_until_due: 30 });
  expect(sent.status).toBe('active');
  await stack.settled();
  await look(user);
  expect((await stripe.subscriptions.retrieve(sent.id)).status).toBe('active');
  expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
});

describe('While Stripe is away', () => {
  it('its last answer holds past the end of a period, for the grace', async () => {
    const user = await payer();
    await away('/v1/');
    await endPeriod(user, '1 hour');
    await look(user);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
    expect(Date.parse((await stack.status(user)).body.active_until ?? '')).toBeGreaterThan(Date.now());
    // The grace is over, and nothing is known: it is shown as what it then is.
    await endPeriod(user, '73 hours');
    await look(user);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'past_due', active_until: null });
    await stack.stripe.control('DELETE', 'faults');
    await until('the next run finds it', async () => (await planAndStatus(user)).plan === 'pro', 60_000);
  });

  it('a cancelled subscription ends all the same', async () => {
    const user = await payer();
    await stack.api.post('/subscription/cancel', { token: user.accessToken });
    await stack.settled();
    await away('/v1/');
    await stack.sql(`UPDATE subscriptions SET entitled_until = now(), ends_at = now(), current_period_end = now() WHERE user_id = $1`, [
      user.id,
    ]);
    await look(user);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'canceled', cancel_at_period_end: false });
  });

  it('runs are repeated after a delay that grows and is bounded', async () => {
    const user = await payer();
    await away('/v1/');
    const delays: number[] = [];
    for (let failed = 0; failed < 6; failed += 1) {
      await look(user);
      const [row] = await stack.sql<{ seconds: string }>(
        `SELECT extract(epoch FROM check_at - now()) AS seconds FROM stripe_customers WHERE user_id = $1`,
        [user.id],
      );
      delays.push(Number(row?.seconds));
    }
    expect(Math.max(...delays)).toBeLessThanOrEqual(30 * 1.25);
    expect(delays[5]).toBeGreaterThan(10);
    await stack.stripe.control('DELETE', 'faults');
    await look(user);
    expect(await stack.sql(`SELECT failed_runs FROM stripe_customers WHERE user_id = $1`, [user.id])).toEqual([{ failed_runs: 0 }]);
  });

  it('for payments alone, a subscription counts by its status and is read again soon', async () => {
    const user = await visitor();
    await away('/v1/charges');
    await away('/v1/payment_intents');
    const { body } = await stack.subscribe(user);
    await stack.stripe.submit(body.checkout_url);
    await until('the payer has Pro', async () => (await planAndStatus(user)).plan === 'pro');
    const [row] = await stack.sql<{ soon: boolean }>(
      `SELECT check_at < now() + interval '10 minutes' AND failed_runs > 0 AS soon FROM stripe_customers WHERE user_id = $1`,
      [user.id],
    );
    expect(row).toEqual({ soon: true });
    // No subscription is judged by what is not known.
    const session = await stack.stripe.checkout({ customer: await stack.customerOf(user) });
    await stack.stripe.submit(session.url ?? '');
    await look(user);
    expect((await stack.subscriptionsOf(user)).map(({ status }) => status)).toEqual(['active', 'active']);
    await stack.stripe.control('DELETE', 'faults');
    await look(user);
    await stack.settled();
    expect((await stack.subscriptionsOf(user)).map(({ status }) => status)).toEqual(['canceled', 'active']);
  });
});

it('a key that may not read the payments fails a sync run, and what Stripe said last holds', async () => {
  const user = await stack.api.signUp();
  const session = await stack.pay(user);
  await stack.settled();
  const error = { status: 403, type: 'invalid_request_error', code: 'more_permissions_required_for_api_key' };
  await stack.stripe.control('POST', 'faults', { kind: 'refuse', method: 'GET', path: '/v1/charges', times: 'always', error });
  await look(user);
  expect(await stack.sql(`SELECT failed_runs > 0 AS failed FROM stripe_customers WHERE user_id = $1`, [user.id])).toEqual([
    { failed: true },
  ]);
  expect(await stack.status(user, `?checkout_session_id=${session}`)).toMatchObject({
    status: 502,
    body: { code: 'payment_provider_refused' },
  });
  expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
});

it('a cancellation is made at Stripe, whatever the stored state says of an end', async () => {
  const user = await payer();
  const cancel = () => stack.api.post('/subscription/cancel', { token: user.accessToken });
  expect((await cancel()).status).toBe(200);
  await stack.settled();
  await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
  const [subscription] = await stack.subscriptionsOf(user);
  await stripe.subscriptions.update(subscription?.id ?? '', { cancel_at_period_end: false });
  await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
  expect(await cancel()).toMatchObject({ status: 200, body: { cancel_at_period_end: true } });
  expect(await stack.subscriptionsOf(user)).toMatchObject([{ cancel_at_period_end: true }]);

  // The portal has set another end, which stays.
  const at = Math.floor(Date.now() / 1_000) + 5 * DAY;
  await stripe.subscriptions.update(subscription?.id ?? '', { cancel_at: at });
  expect((await cancel()).status).toBe(200);
  expect(await stack.subscriptionsOf(user)).toMatchObject([{ cancel_at: at, cancel_at_period_end: false }]);
});

it('the jobs of a backlog are answered by the first sync run after them', async () => {
  const user = await payer();
  // The events of the payment cause runs, too.
  await stack.settled();
  await stack.sql(`UPDATE stripe_customers SET check_at = NULL, synced_at = now() - interval '1 minute' WHERE user_id = $1`, [user.id]);
  const runs = async () =>
    (await stack.sql<{ ticket: number }>(`SELECT ticket::int FROM stripe_customers WHERE user_id = $1`, [user.id]))[0]?.ticket ?? 0;
  const before = await runs();
  const job = { data: { kind: 'check', user_id: user.id }, timestamp: Date.now() };
  const processor = stack.worker.get(BillingProcessor, { strict: false });
  for (let n = 0; n < 3; n += 1) await (Reflect.get(processor, 'handle') as (one: typeof job) => Promise<void>).call(processor, job);
  expect(await runs()).toBe(before + 1);
});

describe('A dispute', () => {
  const intentsOf = async (user: TestUser) => (await stripe.paymentIntents.list({ customer: await stack.customerOf(user) })).data;
  const lose = async (intent: string | undefined): Promise<void> => {
    const { id } = await stack.stripe.control<{ id: string }>('POST', 'disputes', { payment_intent: intent });
    await stack.stripe.control('POST', `disputes/${id}/close`, { status: 'lost' });
  };

  it('of an earlier period that is lost after the renewal ends the subscription, also when its events are lost', async () => {
    const [told, untold] = [await payer(), await payer()];
    await stack.stripe.pass('31d');
    await stack.settled();
    const [renewal, first] = await intentsOf(told);
    expect(renewal?.status).toBe('succeeded');
    await lose(first?.id);
    await until('Pro is over', async () => (await planAndStatus(told)).plan === 'basic');
    await stack.settled();
    expect((await stack.causesOf(told)).at(-1)).toBe('dispute_lost');

    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
    await lose((await intentsOf(untold)).at(-1)?.id);
    await look(untold);
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
    expect(await planAndStatus(untold)).toEqual({ plan: 'basic', status: 'canceled' });
  });

  it('that was lost ends its own subscription, and none that came after it', async () => {
    const user = await payer();
    await lose((await intentsOf(user))[0]?.id);
    await until('Pro is over', async () => (await planAndStatus(user)).plan === 'basic');
    await stack.settled();
    await stack.pay(user);
    await stack.settled();
    await look(user);
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
  });
});

it('a dispute that opens ends the renewals where the setting says so', async () => {
  const strict = await startBilling({ STRIPE_END_RENEWALS_ON_DISPUTE: 'true' });
  try {
    const user = await strict.api.signUp();
    await strict.pay(user);
    await strict.settled();
    const [intent] = (await strict.stripe.stripe.paymentIntents.list({ customer: await strict.customerOf(user) })).data;
    await strict.stripe.control('POST', 'disputes', { payment_intent: intent?.id });
    await until('it is cancelled', async () => (await strict.status(user)).body.cancel_at_period_end);
    expect((await strict.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
  } finally {
    await strict.close();
  }
});
