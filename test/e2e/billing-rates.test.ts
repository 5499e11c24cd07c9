import type { TestUser } from '../support/api.js';
import { startTestApi } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { until } from '../support/until.js';

interface Rate {
  readonly calls: number;
  readonly refused: number;
}

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({}, { webhooks: false });
});

afterAll(async () => {
  await stack.close();
});

const limit = (perSecond: number | null) => stack.stripe.control('POST', 'rate', { per_second: perSecond });
const calls = () => stack.stripe.control<Rate>('GET', 'rate');

/** A user with an open payment page, and the id of its session. */
const visitor = async (): Promise<{ user: TestUser; url: string; query: string }> => {
  const user = await stack.api.signUp();
  const { body } = await stack.subscribe(user);
  return { user, url: body.checkout_url, query: `?checkout_session_id=${body.session_id}` };
};

describe('A sync run', () => {
  it('is shared by all requests that come at once', async () => {
    const { user, url, query } = await visitor();
    await stack.stripe.submit(url);
    await limit(null);
    const answers = await Promise.all(Array.from({ length: 200 }, () => stack.status(user, query)));
    expect(new Set(answers.map(({ body }) => `${body.plan} ${body.status}`))).toEqual(new Set(['pro active']));
    // A run makes three calls: subscriptions, payment, page. Requests that came while it ran share the next one.
    expect((await calls()).calls).toBeLessThanOrEqual(30);
  });

  it('is not repeated within a second', async () => {
    const { user, url, query } = await visitor();
    await stack.stripe.submit(url);
    expect((await stack.status(user, query)).body.plan).toBe('pro');
    // The stored state was read now, however long this test takes.
    await stack.sql(`UPDATE stripe_customers SET synced_at = now() + interval '1 minute' WHERE user_id = $1`, [user.id]);
    await limit(null);
    expect((await stack.status(user, query)).body.plan).toBe('pro');
    expect((await calls()).calls).toBe(0);
    await stack.sql(`UPDATE stripe_customers SET synced_at = now() - interval '2 seconds' WHERE user_id = $1`, [user.id]);
    expect((await stack.status(user, query)).body.plan).toBe('pro');
    expect((await calls()).calls).toBeGreaterThan(0);
  });

  it('that ran when a user changed something is followed by another', async () => {
    const { user, url, query } = await visitor();
    await stack.stripe.submit(url);
    await stack.status(user, query);
    await stack.sql(`UPDATE stripe_customers SET synced_at = now() - interval '2 seconds' WHERE user_id = $1`, [user.id]);
    await stack.stripe.control('POST', 'faults', { kind: 'slow', method: 'GET', path: '/v1/charges', latency_ms: 1_000 });
    const slow = stack.status(user, query);
    const isMet = async () => (await stack.stripe.control<{ data: unknown[] }>('GET', 'faults')).data.length === 0;
    await until('the slow run has read the subscription', isMet);
    const { body } = await stack.api.post('/subscription/cancel', { token: user.accessToken });
    expect(body).toMatchObject({ plan: 'pro', cancel_at_period_end: true });
    expect((await slow).body.plan).toBe('pro');
  });
});

describe('Stripe’s limit of calls', () => {
  afterEach(() => limit(null));

  it('is waited for where it is met', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => stack.api.signUp()));
    await stack.stripe.control('POST', 'faults', { kind: 'rate_limit', times: 20 });
    const answers = await Promise.all(users.map((user) => stack.subscribe(user)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect((await stack.stripe.control<{ data: unknown[] }>('GET', 'faults')).data).toEqual([]);
  });

  it('is never met at the pace of the settings, which two processes share', async () => {
    const settings = {
      DATABASE_URL: stack.databaseUrl,
      STRIPE_SECRET_KEY: 'sk_test_paced',
      STRIPE_BASE_URL: stack.stripe.url,
      STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
      STRIPE_PRICE_PRO_ID: 'price_simulated_pro',
      FRONTEND_URL: 'https://app.example.com',
      STRIPE_MAX_CALLS_PER_SECOND: '20',
    };
    const [one, two] = [await startTestApi(settings), await startTestApi(settings)];
    try {
      const users = await Promise.all(Array.from({ length: 16 }, () => stack.api.signUp()));
      await limit(null);
      const begin = performance.now();
      const answers = await Promise.all(
        users.map((user, i) => (i % 2 === 0 ? one : two).post('/subscribe/pro', { token: user.accessToken })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(201));
      // A burst of a second, then the pace: they cannot have taken less time, on no machine.
      const seconds = (performance.now() - begin) / 1_000;
      expect(seconds).toBeGreaterThan((await calls()).calls / 20 - 1.1);
    } finally {
      await one.close();
      await two.close();
    }
  });

  it('ends a request that would wait too long with 503, and Stripe is asked no further', async () => {
    const api = await startTestApi({
      DATABASE_URL: stack.databaseUrl,
      STRIPE_SECRET_KEY: 'sk_test_slow',
      STRIPE_BASE_URL: stack.stripe.url,
      STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
      STRIPE_PRICE_PRO_ID: 'price_simulated_pro',
      FRONTEND_URL: 'https://app.example.com',
      STRIPE_MAX_CALLS_PER_SECOND: '1',
    });
    try {
      const users = await Promise.all(Array.from({ length: 15 }, () => stack.api.signUp()));
      await limit(null);
      const answers = await Promise.all(users.map((user) => api.post('/subscribe/pro', { token: user.accessToken })));
      expect(answers.map(({ status }) => status)).toContain(503);
      expect(answers.every(({ status }) => status === 201 || status === 503)).toBe(true);
      expect((await calls()).calls).toBeLessThan(30);
    } finally {
      await api.close();
    }
  });
});
