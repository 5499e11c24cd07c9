import { startTestApi, type TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { problem } from '../support/problem.js';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ STRIPE_PRICES: 'monthly=price_simulated_pro,annual=pro_annual,long=pro_long,missing=no_such_key' });
  const product = await stack.stripe.stripe.products.create({ name: 'Pro for long' });
  await stack.stripe.stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: 49_900,
    recurring: { interval: 'year', interval_count: 3 },
    lookup_key: 'pro_long',
  });
});

afterAll(async () => {
  await stack.close();
});

afterEach(async () => {
  await stack.stripe.control('DELETE', 'faults');
});

interface PlansBody {
  readonly data: readonly { readonly id: string; readonly prices: readonly { readonly key: string }[] }[];
}

const MONTHLY = { key: 'monthly', amount: 999, currency: 'usd', interval: 'day', interval_count: 30 };
const ANNUAL = { key: 'annual', amount: 9_990, currency: 'usd', interval: 'year', interval_count: 1 };
const LONG = { key: 'long', amount: 49_900, currency: 'usd', interval: 'year', interval_count: 3 };
const MODELS = [
  { id: 'gemini-3.8-flash', name: 'Gemini 3.8 Flash' },
  { id: 'gemini-4-argon', name: 'Gemini 4 Argon' },
  { id: 'gemini-3.5-flash-lite', name: 'Gemini 3.5 Flash-Lite' },
];

const orderedPrices = async (user: TestUser): Promise<(string | undefined)[]> => {
  const { data } = await stack.stripe.stripe.checkout.sessions.list({ customer: await stack.customerOf(user) });
  return Promise.all(
    data.map(async ({ id }) => {
      const lines = await stack.stripe.stripe.checkout.sessions.listLineItems(id);
      return lines.data[0]?.price?.id;
    }),
  );
};

/** Another process of the API, with nothing in its memory. */
const withAnotherApi = async (
  settings: Parameters<typeof startTestApi>[0],
  work: (api: Awaited<ReturnType<typeof startTestApi>>) => Promise<void>,
) => {
  const api = await startTestApi({ DATABASE_URL: stack.databaseUrl, LOG_LEVEL: 'silent', ...settings });
  try {
    await work(api);
  } finally {
    await api.close();
  }
};

const CONNECTED = () => ({
  STRIPE_SECRET_KEY: 'sk_test_simulated',
  STRIPE_BASE_URL: stack.stripe.url,
  STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
  FRONTEND_URL: 'https://app.example.com',
});

it('a page that is replaced by that of another price is not one of the five of the day', async () => {
  const user = await stack.api.signUp();
  for (let n = 0; n < 4; n += 1) {
    expect((await stack.subscribe(user, { price: 'monthly' })).status).toBe(201);
    const both = await Promise.all([stack.subscribe(user, { price: 'annual' }), stack.subscribe(user, { price: 'annual' })]);
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
  }
  const [counted] = await stack.sql<{ open: number }>(
    `SELECT count(*)::int AS open FROM checkouts WHERE user_id = $1 AND status = 'open'`,
    [user.id],
  );
  expect(counted).toEqual({ open: 1 });
});

describe('GET /plans', () => {
  it('lists to anybody what the plans offer and cost, by id and by lookup key', async () => {
    const { status, headers, body } = await stack.api.get('/plans');
    expect({ status, caching: headers.get('cache-control') }).toEqual({ status: 200, caching: 'public, max-age=300' });
    expect(body).toEqual({
      data: [
        {
          id: 'basic',
          daily_limit: 5,
          prices: [],
          capabilities: {
            models: MODELS.slice(2),
            context_tokens: 32_768,
            max_output_tokens: 2_048,
            storage_bytes: 50 * 1024 * 1024,
            attachments: true,
            web_search: false,
            reasoning: ['minimal', 'low'],
          },
        },
        {
          id: 'pro',
          daily_limit: null,
          prices: [MONTHLY, ANNUAL, LONG].map((price) => ({ ...price, trial_days: 0 })),
          capabilities: {
            models: MODELS,
            context_tokens: 131_072,
            max_output_tokens: 8_192,
            storage_bytes: 2 * 1024 * 1024 * 1024,
            attachments: true,
            web_search: true,
            reasoning: ['minimal', 'low', 'medium', 'high'],
          },
        },
      ],
    });
  });

  it('asks Stripe once for all who ask, and not at all while the answer is fresh', async () => {
    await withAnotherApi({ ...CONNECTED(), STRIPE_PRICES: 'monthly=price_simulated_pro' }, async (api) => {
      const times = 1_000;
      await stack.stripe.control('POST', 'faults', { kind: 'slow', path: '/v1/prices', times });
      const answers = await Promise.all(Array.from({ length: 20 }, () => api.get<PlansBody>('/plans')));
      expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
      const { data } = await stack.stripe.control<{ data: { times: number }[] }>('GET', 'faults');
      expect(data).toMatchObject([{ times: times - 1 }]);
    });
  });

  it('answers 503 when Stripe is away and the prices were never read', async () => {
    await withAnotherApi(
      { ...CONNECTED(), STRIPE_BASE_URL: 'http://127.0.0.1:9', STRIPE_PRICES: 'monthly=price_simulated_pro' },
      async (api) => {
        expect((await api.get('/plans')).body).toEqual(
          problem(
            503,
            'billing_unavailable',
            'Payments are unavailable',
            'The payment provider cannot be reached. Nothing was charged. Retry shortly.',
            { retry_after: 5 },
          ),
        );
      },
    );
  });

  it('says what Pro offers, but no price, where payments are not set up', async () => {
    await withAnotherApi({}, async (api) => {
      const { status, body } = await api.get<PlansBody>('/plans');
      expect({ status, prices: body.data.map(({ id, prices }) => [id, prices]) }).toEqual({
        status: 200,
        prices: [
          ['basic', []],
          ['pro', []],
        ],
      });
    });
  });

  it('has the price of STRIPE_PRICE_PRO_ID under the key pro, and leaves out what Stripe does not sell', async () => {
    await withAnotherApi({ ...CONNECTED(), STRIPE_PRICE_PRO_ID: 'price_simulated_pro' }, async (api) => {
      expect((await api.get<PlansBody>('/plans')).body.data[1]?.prices).toEqual([{ ...MONTHLY, key: 'pro', trial_days: 0 }]);
    });
    const archived = await stack.stripe.stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'usd',
      unit_amount: 500,
      recurring: { interval: 'month' },
    });
    await stack.stripe.stripe.prices.update(archived.id, { active: false });
    const STRIPE_PRICES = `old=${archived.id},unknown=price_unknown,nowhere=no_such_key,annual=pro_annual`;
    await withAnotherApi({ ...CONNECTED(), STRIPE_PRICES }, async (api) => {
      expect((await api.get<PlansBody>('/plans')).body.data[1]?.prices).toEqual([{ ...ANNUAL, trial_days: 0 }]);
    });
  });
});

describe('POST /subscribe/pro', () => {
  it('sells the price that is chosen, the first by default', async () => {
    const [monthly, annual] = [await stack.api.signUp(), await stack.api.signUp()];
    expect((await stack.subscribe(monthly)).status).toBe(201);
    expect((await stack.subscribe(annual, { price: 'annual' })).status).toBe(201);
    expect(await orderedPrices(monthly)).toEqual(['price_simulated_pro']);
    expect(await orderedPrices(annual)).toEqual(['price_simulated_pro_annual']);
  });

  it('makes Pro of every price that is configured, whatever its product', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user, { price: 'long' });
    await stack.stripe.submit(body.checkout_url);
    expect((await stack.status(user, `?checkout_session_id=${body.session_id}`)).body).toMatchObject({
      plan: 'pro',
      status: 'active',
      price: LONG,
      trial_end: null,
      open_invoice: null,
    });
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
  });

  it('refuses a price that GET /plans does not list', async () => {
    const user = await stack.api.signUp();
    for (const price of ['weekly', 'price_simulated_pro', '', 'constructor', 'monthly:usd']) {
      expect((await stack.subscribe(user, { price })).body).toEqual(
        problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
          errors: [{ field: 'price', message: 'price must be the key of a price that GET /plans lists' }],
        }),
      );
    }
  });

  it('answers the open page of the same price again, and replaces that of another one', async () => {
    const user = await stack.api.signUp();
    const { body: first } = await stack.subscribe(user, { price: 'monthly' });
    expect((await stack.subscribe(user)).body).toEqual(first);
    const { body: second } = await stack.subscribe(user, { price: 'annual' });
    expect(second.session_id).not.toBe(first.session_id);
    expect((await stack.stripe.stripe.checkout.sessions.retrieve(first.session_id)).status).toBe('expired');
    expect((await stack.subscribe(user, { price: 'annual' })).body).toEqual(second);
    const { data: open } = await stack.stripe.stripe.checkout.sessions.list({ customer: await stack.customerOf(user), status: 'open' });
    expect(open.map(({ id }) => id)).toEqual([second.session_id]);
  });

  it('keeps at most one page open, whatever is asked for at once', async () => {
    const user = await stack.api.signUp();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => stack.subscribe(user, { price: i % 2 === 0 ? 'monthly' : 'annual' })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(201);
    for (const status of statuses) expect([201, 429, 503]).toContain(status);
    // The day's pages may be used up, which is not the question here.
    await stack.sql('DELETE FROM counters');
    const { body: last } = await stack.subscribe(user, { price: 'annual' });
    const { data: open } = await stack.stripe.stripe.checkout.sessions.list({ customer: await stack.customerOf(user), status: 'open' });
    expect(open.map(({ id }) => id)).toEqual([last.session_id]);
  });

  it('does not sell twice to a user who pays on the page that is to be replaced', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user, { price: 'monthly' });
    await stack.stripe.submit(body.checkout_url);
    expect(await stack.subscribe(user, { price: 'annual' })).toMatchObject({ status: 409, body: { code: 'already_subscribed' } });
  });
});

describe('POST /subscription/portal with a price', () => {
  const portal = (user: TestUser, price: string) => stack.api.post('/subscription/portal', { token: user.accessToken, body: { price } });

  it('opens only for a subscriber, and for another price of the list', async () => {
    const user = await stack.api.signUp();
    expect(await portal(user, 'annual')).toMatchObject({ status: 409, body: { code: 'not_subscribed' } });
    await stack.pay(user);
    expect(await portal(user, 'weekly')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'price', message: 'price must be the key of a price that GET /plans lists' }] },
    });
    expect(await portal(user, 'monthly')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'price', message: 'price must be another one than that of the subscription' }] },
    });
  });
});

describe('A payer', () => {
  it('sees the price of the subscription as Stripe has it, also one that is not sold', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    const [subscription] = await stack.subscriptionsOf(user);
    const { id } = await stack.stripe.stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'usd',
      unit_amount: 499,
      recurring: { interval: 'day', interval_count: 30 },
    });
    const item = subscription?.items.data[0]?.id ?? '';
    await stack.stripe.stripe.subscriptions.update(subscription?.id ?? '', {
      items: [{ id: item, price: id }],
      proration_behavior: 'none',
    });
    await stack.settled();
    expect((await stack.status(user)).body.price).toEqual({ ...MONTHLY, key: null, amount: 499 });
  });

  it('sees the invoice whose payment failed until it is paid, and costs Stripe no call by looking', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    const customer = await stack.customerOf(user);
    await stack.stripe.control('POST', 'cards', { customer, behaviour: 'insufficient_funds' });
    await stack.stripe.pass('31d');
    await stack.settled();
    const [invoice] = (await stack.stripe.stripe.invoices.list({ customer, status: 'open' })).data;
    await stack.stripe.control('POST', 'faults', { kind: 'drop', times: 1_000 });
    expect((await stack.status(user)).body).toMatchObject({
      status: 'past_due',
      price: MONTHLY,
      open_invoice: { url: invoice?.hosted_invoice_url, amount: 999, currency: 'usd', reason: 'payment_failed' },
    });
    await stack.stripe.control('DELETE', 'faults');
    await stack.stripe.control('POST', 'cards', { customer, behaviour: 'pays' });
    await stack.stripe.stripe.invoices.pay(invoice?.id ?? '');
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ status: 'active', open_invoice: null });
  });

  it('sees the invoice whose payment the bank wants to have confirmed', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(user), behaviour: 'authenticates_always' });
    await stack.stripe.pass('31d');
    await stack.settled();
    expect((await stack.status(user)).body.open_invoice).toEqual({
      url: expect.stringContaining(stack.stripe.url),
      amount: 999,
      currency: 'usd',
      reason: 'action_required',
    });
  });

  it('sees in an invoice what was refunded', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    const [charge] = (await stack.stripe.stripe.charges.list({ customer: await stack.customerOf(user) })).data;
    await stack.stripe.stripe.refunds.create({ charge: charge?.id ?? '', amount: 250 });
    const { body } = await stack.api.get('/subscription/invoice', { token: user.accessToken });
    expect(body).toMatchObject({ data: [{ amount_paid: 999, amount_refunded: 250, tax: 0, discount: 0 }] });
  });
});
