import type { TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { problem, TIME } from '../support/problem.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling();
});

afterAll(async () => {
  await stack.close();
});

const post = (user: TestUser, path: string, body?: object) =>
  stack.api.post<Record<string, unknown>>(path, { token: user.accessToken, ...(body === undefined ? {} : { body }) });

const BASIC = {
  plan: 'basic',
  status: 'none',
  active_until: null,
  cancel_at_period_end: false,
  trial_end: null,
  price: null,
  open_invoice: null,
  daily_limit: 5,
  used_today: 0,
  remaining_today: 5,
  resets_at: expect.stringMatching(TIME),
};

const NOT_SUBSCRIBED = problem(
  409,
  'not_subscribed',
  'There is no subscription',
  'This account has no subscription at the payment provider.',
);

const ALREADY_SUBSCRIBED = problem(
  409,
  'already_subscribed',
  'The account already has a subscription',
  'This account has a subscription. The customer portal changes it; a cancelled one can be resumed.',
);

/** Where the payment page leads once it is paid. */
const wayOutOf = async (page: string): Promise<string | undefined> =>
  /href="(https:\/\/app\.example\.com[^"]*)"/.exec(await (await fetch(page)).text())?.[1];

describe('A subscription', () => {
  it('is bought, cancelled at its end, resumed, and seen in the status, the invoices and the trail', async () => {
    const user = await stack.api.signUp({ email: `payer-${Date.now()}@example.com` });
    expect((await stack.status(user)).body).toEqual(BASIC);
    const checkout = await stack.subscribe(user);
    expect(checkout).toMatchObject({
      status: 201,
      body: { checkout_url: expect.stringContaining(stack.stripe.url), session_id: expect.stringMatching(/^cs_/) },
    });
    const { session_id: sessionId, checkout_url: url } = checkout.body;
    expect((await stack.status(user, `?checkout_session_id=${sessionId}`)).body).toEqual(BASIC);

    await stack.stripe.submit(url);
    expect(await wayOutOf(url)).toBe(`https://app.example.com/?checkout_session_id=${sessionId}`);
    // The payer returns before any event has to have arrived.
    const { body: paid } = await stack.status(user, `?checkout_session_id=${sessionId}`);
    expect(paid).toEqual({
      ...BASIC,
      plan: 'pro',
      status: 'active',
      active_until: expect.stringMatching(TIME),
      price: { key: 'pro', amount: 999, currency: 'usd', interval: 'day', interval_count: 30 },
      daily_limit: null,
      remaining_today: null,
    });
    expect(Math.abs(Date.parse(paid.active_until ?? '') - Date.now() - 30 * DAY_MS)).toBeLessThan(60_000);
    expect((await stack.api.get('/user/me', { token: user.accessToken })).body).toMatchObject({ plan: 'pro' });
    expect((await stack.subscribe(user)).body).toEqual(ALREADY_SUBSCRIBED);

    const cancelled = { ...paid, cancel_at_period_end: true };
    expect(await post(user, '/subscription/cancel')).toMatchObject({ status: 200, body: cancelled });
    expect((await post(user, '/subscription/cancel')).body).toEqual(cancelled);
    expect(await post(user, '/subscription/resume')).toMatchObject({ status: 200, body: paid });
    expect((await post(user, '/subscription/resume')).body).toEqual(paid);

    const { body: invoices } = await stack.api.get('/subscription/invoice', { token: user.accessToken });
    expect(invoices).toEqual({
      data: [
        {
          id: expect.stringMatching(/^in_/),
          number: expect.any(String),
          status: 'paid',
          amount_due: 999,
          amount_paid: 999,
          tax: 0,
          discount: 0,
          amount_refunded: 0,
          currency: 'usd',
          period_start: expect.stringMatching(TIME),
          period_end: expect.stringMatching(TIME),
          created_at: expect.stringMatching(TIME),
          invoice_url: expect.stringContaining(stack.stripe.url),
          receipt_url: null,
          pdf_url: null,
        },
      ],
      next_cursor: null,
    });
    await stack.settled();
    expect(await stack.causesOf(user)).toEqual(['stripe', 'stripe', 'stripe']);
    const [customer] = (await stack.stripe.stripe.customers.list({ limit: 1 })).data;
    expect(customer).toMatchObject({ id: await stack.customerOf(user), name: user.username, metadata: { user_id: user.id } });
  });

  it('that is cancelled in the portal is resumed here', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    const portal = await post(user, '/subscription/portal', { return_url: 'https://app.example.com/settings' });
    expect(portal).toMatchObject({ status: 201, body: { portal_url: expect.stringContaining(`${stack.stripe.url}/p/session/`) } });
    // As the portal does it: https://docs.stripe.com/changelog on flexible billing.
    const [subscription] = await stack.subscriptionsOf(user);
    if (!subscription) throw new Error('there is one');
    const end = subscription.items.data[0]?.current_period_end ?? 0;
    await stack.stripe.stripe.subscriptions.update(subscription.id, { cancel_at: end });
    await until('the cancellation arrives', async () => (await stack.status(user)).body.cancel_at_period_end);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', active_until: new Date(end * 1_000).toISOString() });
    expect((await post(user, '/subscription/resume')).body).toMatchObject({ plan: 'pro', cancel_at_period_end: false });
    expect((await stack.subscriptionsOf(user))[0]).toMatchObject({ cancel_at: null, cancel_at_period_end: false });
  });

  it('is not there for who never bought one', async () => {
    const user = await stack.api.signUp();
    expect((await post(user, '/subscription/cancel')).body).toEqual(NOT_SUBSCRIBED);
    expect((await post(user, '/subscription/resume')).body).toEqual(NOT_SUBSCRIBED);
    expect((await post(user, '/subscription/portal')).body).toEqual(NOT_SUBSCRIBED);
    expect((await stack.api.get('/subscription/invoice', { token: user.accessToken })).body).toEqual({ data: [], next_cursor: null });
  });

  it('changes the plan with the very next message', async () => {
    const user = await stack.api.signUp();
    const { body: room } = await stack.api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: { name: 'plans' } });
    const send = () => post(user, `/chatroom/${room.id}/message`, { content: 'hello' });
    for (let sent = 1; sent <= 5; sent += 1) expect((await send()).status).toBe(202);
    expect(await send()).toMatchObject({ status: 429, body: { code: 'daily_limit_reached' } });
    await stack.pay(user);
    expect((await send()).status).toBe(202);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', used_today: 6, remaining_today: null });
    const [subscription] = await stack.subscriptionsOf(user);
    await stack.stripe.stripe.subscriptions.cancel(subscription?.id ?? '');
    await until('Pro is over', async () => (await stack.status(user)).body.plan === 'basic');
    expect(await send()).toMatchObject({ status: 429, body: { code: 'daily_limit_reached', limit: 5, used: 6 } });
    expect((await stack.status(user)).body).toMatchObject({
      status: 'canceled',
      active_until: null,
      daily_limit: 5,
      used_today: 6,
      remaining_today: 0,
    });
    expect((await stack.subscribe(user)).status).toBe(201);
  });
});

describe('POST /subscribe/pro', () => {
  it('answers the open checkout again, to any number who ask at once', async () => {
    const user = await stack.api.signUp();
    const answers = await Promise.all(Array.from({ length: 20 }, () => stack.subscribe(user)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(answers.map(({ body }) => body.session_id)).size).toBe(1);
    expect((await stack.subscribe(user)).body).toEqual(answers[0]?.body);
    expect(
      (await stack.stripe.stripe.customers.list({ limit: 100 })).data.filter(({ metadata }) => metadata['user_id'] === user.id),
    ).toHaveLength(1);
    expect((await stack.stripe.stripe.checkout.sessions.list({ customer: await stack.customerOf(user) })).data).toHaveLength(1);
  });

  it('opens five a day', async () => {
    const user = await stack.api.signUp();
    const seen = new Set<string>();
    for (let opened = 1; opened <= 5; opened += 1) {
      const { body } = await stack.subscribe(user);
      seen.add(body.session_id);
      await stack.stripe.stripe.checkout.sessions.expire(body.session_id);
    }
    expect(seen.size).toBe(5);
    const refused = await stack.subscribe(user);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000);
  });

  it('answers a repeat with the same key the first result, whatever became of it', async () => {
    const user = await stack.api.signUp();
    const key = { 'idempotency-key': 'buy once' };
    const body = { success_url: 'https://app.example.com/done?s={CHECKOUT_SESSION_ID}' };
    const first = await stack.subscribe(user, body, key);
    expect(first.status).toBe(201);
    await stack.stripe.stripe.checkout.sessions.expire(first.body.session_id);
    expect(await stack.subscribe(user, body, key)).toMatchObject({ status: 201, body: first.body });
    expect(await stack.subscribe(user, {}, key)).toMatchObject({ status: 409, body: { code: 'idempotency_key_reused' } });
    expect((await stack.subscribe(user)).body.session_id).not.toBe(first.body.session_id);
  });

  it('sends payers to allowed origins only', async () => {
    const user = await stack.api.signUp();
    for (const [field, address] of [
      ['success_url', 'https://evil.example/done'],
      ['success_url', 'https://app.example.com.evil.example/'],
      ['success_url', 'https://app.example.com@evil.example/'],
      ['success_url', 'http://app.example.com/'],
      ['success_url', '/relative'],
      ['success_url', 'javascript:alert(1)'],
      ['success_url', 'https://user@app.example.com/'],
      // Browsers read these as addresses of ours, others do not.
      ['success_url', 'https://app.example.com\\@evil.example/'],
      ['success_url', 'https:app.example.com'],
      ['success_url', '\thttps://app.example.com/'],
      ['success_url', 'https://app.example.com/\r\nlocation: https://evil.example/'],
      ['cancel_url', 'https://app.example.com:8443/'],
      ['cancel_url', 'data:text/html,hello'],
    ] as const) {
      expect(await stack.subscribe(user, { [field]: address })).toMatchObject({
        status: 400,
        body: { code: 'validation_failed', errors: [{ field }] },
      });
    }
    expect(await post(user, '/subscription/portal', { return_url: 'https://evil.example/' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'return_url' }] },
    });
    const { body } = await stack.subscribe(user, { success_url: 'https://app.example.com/a/{CHECKOUT_SESSION_ID}/b' });
    await stack.stripe.submit(body.checkout_url);
    expect(await wayOutOf(body.checkout_url)).toBe(`https://app.example.com/a/${body.session_id}/b`);
  });

  it('leads to where the open page is now', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user);
    // A simulator that was restarted at another port leaves such an address.
    await stack.sql(`UPDATE checkouts SET url = 'http://127.0.0.1:1/c/pay/gone' WHERE user_id = $1`, [user.id]);
    expect((await stack.subscribe(user)).body).toEqual(body);
  });

  it('makes a new customer where Stripe has lost the old one', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    const lost = await stack.customerOf(user);
    const { body } = await stack.subscribe(user);
    await stack.stripe.stripe.customers.del(lost);
    const next = await stack.subscribe(user);
    expect(next.status).toBe(201);
    expect(next.body.session_id).not.toBe(body.session_id);
    expect(await stack.customerOf(user)).not.toBe(lost);
  });

  it('says that Stripe is away, and goes on with the same checkout afterwards', async () => {
    const user = await stack.api.signUp();
    await stack.stripe.control('POST', 'faults', { kind: 'drop', path: '/v1/checkout/sessions', times: 3 });
    expect(await stack.subscribe(user)).toMatchObject({ status: 503, body: { code: 'billing_unavailable', retry_after: 5 } });
    await stack.stripe.control('DELETE', 'faults');
    // The answer got lost, not the session.
    await stack.stripe.control('POST', 'faults', { kind: 'drop_after', path: '/v1/checkout/sessions', times: 1 });
    expect((await stack.subscribe(user)).status).toBe(201);
    expect((await stack.stripe.stripe.checkout.sessions.list({ customer: await stack.customerOf(user) })).data).toHaveLength(1);
  });
});

it('the status of a session that is unknown or somebody else’s is 404', async () => {
  const [user, other] = [await stack.api.signUp(), await stack.api.signUp()];
  const { body } = await stack.subscribe(other);
  for (const id of [body.session_id, 'cs_test_unknown', 'not a session', '../customers', '', 'cs_'.padEnd(5_000, 'x')]) {
    expect(await stack.status(user, `?checkout_session_id=${encodeURIComponent(id)}`)).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  }
});

it('invoices are listed page by page', async () => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  const customer = await stack.customerOf(user);
  for (let made = 0; made < 4; made += 1) await stack.stripe.stripe.invoices.create({ customer });
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { body } = await stack.api.get<{ data: { id: string }[]; next_cursor: string | null }>(`/subscription/invoice${query}`, {
      token: user.accessToken,
    });
    ids.push(...body.data.map(({ id }) => id));
    cursor = body.next_cursor;
  }
  expect(ids).toEqual((await stack.stripe.stripe.invoices.list({ customer, limit: 100 })).data.map(({ id }) => id));
  expect(ids).toHaveLength(5);
  expect(await stack.api.get('/subscription/invoice?cursor=nonsense', { token: user.accessToken })).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'cursor' }] },
  });
  const foreign = Buffer.from(JSON.stringify(['in_unknown'])).toString('base64url');
  expect(await stack.api.get(`/subscription/invoice?cursor=${foreign}`, { token: user.accessToken })).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'cursor' }] },
  });
});
