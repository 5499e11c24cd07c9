import { randomBytes } from 'node:crypto';
import type Stripe from 'stripe';
import { PRO_PRODUCT_ID } from '../../simulators/stripe/objects/catalogue.js';
import { signUpAdministrator } from '../support/administrator.js';
import { type Settings, startTestApi, type TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { PRO_PRICE } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';

interface Page<T> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

let stack: BillingStack;
let admin: TestUser;

beforeAll(async () => {
  stack = await startBilling({}, { webhooks: false });
  admin = await signUpAdministrator(stack.api);
});
afterAll(() => stack.close());

const get = async <T>(path: string) => (await stack.api.get<T>(path, { token: admin.accessToken })).body;
const post = (path: string) => stack.api.post<{ plan: string; status: string }>(path, { token: admin.accessToken });
const auditOf = async (targetId: string) => (await get<Page<{ action: string }>>(`/admin/audit-log?target_id=${targetId}`)).data;

test('an administrator has Stripe asked about one user, which is noted', async () => {
  const user = await stack.api.signUp();
  await stack.stripe.submit((await stack.subscribe(user)).body.checkout_url);
  expect((await stack.status(user)).body.plan).toBe('basic');

  expect(await post(`/admin/subscriptions/${user.id}/sync`)).toMatchObject({ status: 200, body: { plan: 'pro', status: 'active' } });
  expect((await stack.status(user)).body.plan).toBe('pro');
  expect(await auditOf(user.id)).toMatchObject([
    { action: 'subscription.sync', actor: { id: admin.id }, target: { type: 'user', id: user.id } },
  ]);
});

test('a user without a customer has nothing to read, an unknown one is not found, and others are forbidden', async () => {
  const user = await stack.api.signUp();
  expect(await post(`/admin/subscriptions/${user.id}/sync`)).toMatchObject({ status: 200, body: { plan: 'basic', status: 'none' } });
  expect(await post(`/admin/subscriptions/${user.id.replace(/^./, 'f')}/sync`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await stack.api.post(`/admin/subscriptions/${user.id}/sync`, { token: user.accessToken })).toMatchObject({ status: 403 });
  expect(await stack.api.get(`/admin/subscriptions/overdue`, { token: user.accessToken })).toMatchObject({ status: 403 });
});

interface StatsBody {
  readonly monthly_recurring_revenue: { readonly amount: number; readonly currency: string } | null;
  readonly revenue: readonly { readonly currency: string; readonly monthly_recurring: number }[];
}

test('the monthly revenue is that of what is paid: by the month, for all units, less discounts that go on, by currency', async () => {
  const { stripe } = stack.stripe;
  const product = PRO_PRODUCT_ID;
  const usd = { product, currency: 'usd' };
  const prices = await Promise.all([
    stripe.prices.create({
      ...usd,
      unit_amount: 1_000,
      recurring: { interval: 'month' },
      currency_options: { eur: { unit_amount: 900 } },
    }),
    stripe.prices.create({ ...usd, unit_amount: 12_000, recurring: { interval: 'year' } }),
    stripe.prices.create({ ...usd, unit_amount: 3_000, recurring: { interval: 'month', interval_count: 3 } }),
  ]);
  const [month = '', year = '', quarter = ''] = prices.map(({ id }) => id);
  await stripe.coupons.create({ id: 'half', percent_off: 50, duration: 'forever' });
  await stripe.coupons.create({ id: 'first_half', percent_off: 50, duration: 'once' });
  const orders: Partial<Stripe.Checkout.SessionCreateParams>[] = [
    { line_items: [{ price: month, quantity: 1 }] },
    { line_items: [{ price: year, quantity: 2 }] },
    { line_items: [{ price: quarter, quantity: 1 }] },
    { line_items: [{ price: month, quantity: 1 }], discounts: [{ coupon: 'half' }] },
    { line_items: [{ price: month, quantity: 1 }], discounts: [{ coupon: 'first_half' }] },
    { line_items: [{ price: month, quantity: 1 }], currency: 'eur' },
    { line_items: [{ price: month, quantity: 1 }], subscription_data: { trial_period_days: 7 } },
  ];
  const monthly = async () => {
    const { monthly_recurring_revenue: inDefault, revenue } = await get<StatsBody>('/admin/stats');
    const of = (currency: string) => revenue.find((row) => row.currency === currency)?.monthly_recurring ?? 0;
    expect(inDefault).toEqual({ amount: of('usd'), currency: 'usd' });
    return { usd: of('usd'), eur: of('eur') };
  };
  const before = await monthly();
  for (const order of orders) {
    const user = await stack.api.signUp();
    const { id: customer } = await stripe.customers.create({ metadata: { user_id: user.id } });
    const { url } = await stack.stripe.checkout({ customer, ...order });
    await stack.stripe.submit(url ?? '');
    await stack.sql('INSERT INTO stripe_customers (user_id, stripe_customer_id) VALUES ($1, $2)', [user.id, customer]);
    expect(await post(`/admin/subscriptions/${user.id}/sync`)).toMatchObject({ status: 200, body: { plan: 'pro' } });
  }
  const after = await monthly();
  expect(after.usd - before.usd).toBe(1_000 + 2_000 + 1_000 + 500 + 1_000);
  expect(after.eur - before.eur).toBe(900);
});

describe('Configured prices', () => {
  const startWith = (settings: Settings) =>
    startTestApi({
      DATABASE_URL: stack.databaseUrl,
      STRIPE_SECRET_KEY: 'sk_test_simulated',
      STRIPE_BASE_URL: stack.stripe.url,
      STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
      ...settings,
    });

  test('that are sold leave a process ready', async () => {
    expect(await get('/admin/stripe')).toEqual({
      configured: true,
      account_id: expect.stringMatching(/^acct_\w+$/),
      other_account: false,
      key_refused: false,
      mode: 'test',
      reachable: true,
      unsold_prices: [],
    });
    expect((await stack.api.get<{ status: string }>('/health/ready')).body.status).toBe('ok');
  });

  test('that cannot be sold are found by the start in production, and named to administrators', async () => {
    const archived = await stack.stripe.stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'usd',
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    await stack.stripe.stripe.prices.update(archived.id, { active: false });
    const once = await stack.stripe.stripe.prices.create({ product: 'prod_simulated_pro', currency: 'usd', unit_amount: 100 });
    const references = { gone: 'pro_gone', old: archived.id, once: once.id };
    const prices = {
      STRIPE_PRICES: Object.entries({ monthly: PRO_PRICE, ...references })
        .map((entry) => entry.join('='))
        .join(','),
    };
    const production = { NODE_ENV: 'production', JWT_SECRET: randomBytes(48).toString('base64'), OTP_DELIVERY: 'log' };
    const [atStart, api] = await Promise.all([startWith({ ...prices, ...production }), startWith(prices)]);
    try {
      const ready = () => atStart.get<{ status: string; checks: object }>('/health/ready');
      await until('the prices are read', async () => (await ready()).body.status === 'degraded');
      expect(await ready()).toMatchObject({ status: 200, body: { checks: { postgresql: 'ok', stripe_prices: 'unavailable' } } });
      expect((await api.get('/admin/stripe', { token: admin.accessToken })).body).toEqual({
        configured: true,
        account_id: expect.stringMatching(/^acct_\w+$/),
        other_account: false,
        key_refused: false,
        mode: 'test',
        reachable: true,
        unsold_prices: [
          { key: 'gone', reference: 'pro_gone', reason: 'unknown' },
          { key: 'old', reference: archived.id, reason: 'archived' },
          { key: 'once', reference: once.id, reason: 'not_recurring' },
        ],
      });
      const { body: plans } = await api.get<{ data: { prices: { key: string }[] }[] }>('/plans');
      expect(plans.data[1]?.prices.map(({ key }) => key)).toEqual(['monthly']);
    } finally {
      await api.close();
      await atStart.close();
    }
  });

  test('are unknown while Stripe is away, which stops neither the start nor the administration', async () => {
    const api = await startWith({ STRIPE_BASE_URL: 'http://127.0.0.1:9', STRIPE_PRICE_PRO_ID: PRO_PRICE, STRIPE_TIMEOUT: '200ms' });
    try {
      expect((await api.get('/admin/stripe', { token: admin.accessToken })).body).toEqual({
        configured: true,
        account_id: expect.stringMatching(/^acct_\w+$/),
        other_account: false,
        key_refused: false,
        mode: 'test',
        reachable: false,
        unsold_prices: [],
      });
      expect((await api.get<{ status: string }>('/health/ready')).body.status).toBe('ok');
    } finally {
      await api.close();
    }
  });
});
