import { DataSource } from 'typeorm';
import { startTestApi, type TestUser } from '../../support/api.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { CapturedLog } from '../../support/captured-log.js';
import { startTestWorker } from '../../support/stack.js';
import { openStripe, PRO_PRICE, type StripeWorld } from '../../support/stripe-simulator.js';
import { until } from '../../support/until.js';

let stack: BillingStack;
let other: StripeWorld;

beforeAll(async () => {
  stack = await startBilling({ SWEEP_INTERVAL: '200ms' });
  other = await openStripe({ running: true });
});

afterAll(async () => {
  // Its worker is closed by a test. The run drops the database.
  await stack.api.close();
  await stack.gemini.stop();
  await stack.stripe.stop();
  await other.stop();
});

/** The settings of a process on the same database. */
const settings = ({ key = 'sk_test_simulated', url = stack.stripe.url } = {}) => ({
  DATABASE_URL: stack.databaseUrl,
  GEMINI_BASE_URL: stack.gemini.url,
  STRIPE_SECRET_KEY: key,
  STRIPE_BASE_URL: url,
  STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
  STRIPE_PRICE_PRO_ID: PRO_PRICE,
  SWEEP_INTERVAL: '200ms',
  LOG_LEVEL: 'error',
});

const accounts = () => stack.sql<{ account_id: string | null; livemode: boolean }>(`SELECT account_id, livemode FROM stripe_accounts`);
const planOf = async (user: TestUser) => (await stack.status(user)).body.plan;

it('the account and the mode of the key are stored at the first start', async () => {
  const { id } = await stack.stripe.stripe.accounts.retrieveCurrent();
  await until('the account is stored', async () => (await accounts()).length > 0);
  expect(await accounts()).toEqual([{ account_id: id, livemode: false }]);
  expect((await stack.api.get('/health/ready', {})).body).toEqual({ status: 'ok', checks: { postgresql: 'ok' } });
});

it('with the key of another account nothing is called and nothing concluded, and all is well afterwards', async () => {
  const [payer, erased] = [await stack.api.signUp(), await stack.api.signUp()];
  await stack.pay(payer);
  await stack.pay(erased);
  await stack.settled();
  const customer = await stack.customerOf(erased);
  await stack.worker.close();
  const log = new CapturedLog();
  const wrongApi = await startTestApi(settings({ url: other.url }), log);
  const wrongWorker = await startTestWorker(settings({ url: other.url }), log);
  try {
    const ready = await wrongApi.get('/health/ready', {});
    expect(ready.status).toBe(200);
    await until(
      'the account was compared',
      async () => (await wrongApi.get<{ status: string }>('/health/ready', {})).body.status === 'degraded',
    );
    expect((await wrongApi.get('/health/ready', {})).body).toEqual({
      status: 'degraded',
      checks: { postgresql: 'ok', stripe: 'other_account' },
    });

    await stack.sql(`UPDATE stripe_customers SET check_at = now()`);
    const stripeAway = { status: 503, body: { code: 'billing_unavailable' } };
    for (let asked = 0; asked < 20; asked += 1) {
      const visitor = await wrongApi.signUp();
      expect(await wrongApi.post('/subscribe/pro', { token: visitor.accessToken })).toMatchObject(stripeAway);
    }
    expect(await wrongApi.post('/subscription/cancel', { token: payer.accessToken })).toMatchObject(stripeAway);
    expect(await wrongApi.post('/subscription/portal', { token: payer.accessToken })).toMatchObject(stripeAway);
    expect((await wrongApi.delete('/user/me', { token: erased.accessToken, body: { password: erased.password } })).status).toBe(204);
    // What Stripe tells meanwhile waits, unjudged.
    await stack.stripe.stripe.subscriptions.update((await stack.subscriptionsOf(payer))[0]?.id ?? '', { cancel_at_period_end: true });
    await stack.stripe.control('POST', 'webhooks/settle', {});
    // The sweep has run several times.
    const swept = async () =>
      Number((await stack.sql<{ n: string }>(`SELECT count(*) AS n FROM stripe_events WHERE due_at < now()`))[0]?.n);
    await until('an event is due', async () => (await swept()) > 0);

    expect(await planOf(payer)).toBe('pro');
    expect(await stack.causesOf(payer)).toEqual(['stripe']);
    expect((await other.stripe.customers.list()).data).toEqual([]);
    expect(await stack.sql(`SELECT attempts, closed_at FROM customer_closures`)).toEqual([{ attempts: 0, closed_at: null }]);
    expect(await stack.sql(`SELECT DISTINCT attempts FROM stripe_events WHERE processed_at IS NULL`)).toEqual([{ attempts: 0 }]);
    // A line of each process, not of each refusal.
    expect(log.lines.filter(({ level, msg }) => level === 'error' && msg?.includes('the Stripe key belongs to'))).toHaveLength(2);
    expect((await accounts())[0]?.account_id).toBe((await stack.stripe.stripe.accounts.retrieveCurrent()).id);
  } finally {
    await wrongWorker.close();
    await wrongApi.close();
  }
  const worker = await startTestWorker(settings());
  try {
    await until('what waited was done', async () => (await stack.status(payer)).body.cancel_at_period_end);
    expect(await planOf(payer)).toBe('pro');
    await until('the erased one is closed', async () => (await stack.stripe.stripe.customers.retrieve(customer)).deleted === true);
    await stack.settled();
  } finally {
    await worker.close();
  }
});

it('a restricted key that may not read its account is judged by its mode', async () => {
  const api = await startTestApi(settings({ key: 'rk_test_restricted' }));
  try {
    const user = await api.signUp();
    expect((await api.post('/subscribe/pro', { token: user.accessToken })).status).toBe(201);
  } finally {
    await api.close();
  }
  const live = await startTestApi(settings({ key: 'rk_live_restricted' }));
  try {
    const user = await live.signUp();
    // The simulator has no live mode, and refuses the key as Stripe does one that was rolled.
    expect(await live.post('/subscribe/pro', { token: user.accessToken })).toMatchObject({ status: 502 });
  } finally {
    await live.close();
  }
});

it('the account is stored also where an earlier key could not read it', async () => {
  await stack.sql(`UPDATE stripe_accounts SET account_id = NULL`);
  const api = await startTestApi(settings());
  try {
    await until('it is stored', async () => (await accounts())[0]?.account_id !== null);
    expect(api.app.get(DataSource).isInitialized).toBe(true);
  } finally {
    await api.close();
  }
});

it('with a key of the other mode nothing is called', async () => {
  await stack.sql(`UPDATE stripe_accounts SET livemode = true`);
  const api = await startTestApi(settings());
  try {
    const user = await api.signUp();
    expect(await api.post('/subscribe/pro', { token: user.accessToken })).toMatchObject({
      status: 503,
      body: { code: 'billing_unavailable' },
    });
    expect((await api.get<{ checks: object }>('/health/ready', {})).body.checks).toMatchObject({ stripe: 'other_account' });
  } finally {
    await api.close();
    await stack.sql(`UPDATE stripe_accounts SET livemode = false`);
  }
});
