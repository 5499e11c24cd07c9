import type { INestApplicationContext } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { runSql } from '../../support/administrator.js';
import { type Answer, type Settings, startTestApi, type TestApi, type TestUser } from '../../support/api.js';
import type { StatusBody } from '../../support/billing.js';
import { CapturedLog } from '../../support/captured-log.js';
import { freePort } from '../../support/free-port.js';
import { isFullSize } from '../../support/full-size.js';
import { startTestWorker } from '../../support/stack.js';
import { client, openStripe, PRO_PRICE, type StripeWorld } from '../../support/stripe-simulator.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

/*
 * A wrong key stands in production while payers look at their status, buy, cancel and are renewed, and Stripe reports
 * it. Nothing may change for anybody, an operator has to learn of it, and afterwards all must be as Stripe has it.
 */

const WRONG_MS = isFullSize ? 600_000 : 6_000;
const PAYERS = isFullSize ? 40 : 12;
const CALLERS = 6;

const KEY = 'sk_test_simulated';
const OTHER_KEY = 'sk_test_of_another_account';
const NEXT_KEY = 'sk_test_simulated_next';

interface Running {
  readonly api: TestApi;
  readonly worker: INestApplicationContext;
}

interface ReadinessBody {
  readonly status: string;
  readonly checks: Record<string, string>;
}

let stripe: StripeWorld;
let database: TestDatabase;
let settings: Settings;
let running: Running | null = null;
const log = new CapturedLog();

beforeAll(async () => {
  stripe = await openStripe({ running: true });
  await stripe.control('POST', 'keys', { key: OTHER_KEY, account: 'acct_other' });
});

afterAll(async () => {
  jest.restoreAllMocks();
  await stripe.stop();
});

beforeEach(async () => {
  database = await createTestDatabase();
  // Always the same port, so that Stripe's events reach whichever process runs.
  const port = await freePort();
  settings = {
    DATABASE_URL: database.url,
    PORT: String(port),
    STRIPE_BASE_URL: stripe.url,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_PRICE_PRO_ID: PRO_PRICE,
    FRONTEND_URL: 'https://app.example.com',
    SWEEP_INTERVAL: '200ms',
    RECONCILE_INTERVAL: '2s',
    ACCESS_TOKEN_TTL: '2h',
    THROTTLE_ENABLED: 'false',
  };
  await stripe.control('POST', 'webhooks/endpoints', { url: `http://127.0.0.1:${port}/webhook/stripe` });
  await start(KEY);
  log.lines.length = 0;
});

afterEach(async () => {
  await stop();
  const { endpoints } = await stripe.control<{ endpoints: { id: string }[] }>('GET', 'webhooks');
  for (const { id } of endpoints) await stripe.control('DELETE', `webhooks/endpoints/${id}`);
  await database.drop();
});

async function start(key: string): Promise<void> {
  const all = { ...settings, STRIPE_SECRET_KEY: key };
  running = { api: await startTestApi(all, log), worker: await startTestWorker(all, log) };
}

async function stop(): Promise<void> {
  const { api, worker } = current();
  running = null;
  await Promise.all([api.close(), worker.close()]);
}

function current(): Running {
  if (running === null) throw new Error('the processes run');
  return running;
}

const sql = <Row>(text: string, values: unknown[] = []) => runSql<Row>(database.url, text, values);
const ready = async () => (await current().api.get<ReadinessBody>('/health/ready')).body;
const statusOf = async (user: TestUser) => (await current().api.get<StatusBody>('/subscription/status', { token: user.accessToken })).body;
const customerOf = async ({ id }: TestUser): Promise<string> => {
  const [row] = await sql<{ id: string }>(`SELECT stripe_customer_id AS id FROM stripe_customers WHERE user_id = $1`, [id]);
  return row?.id ?? '';
};
const subscriptionOf = async (user: TestUser): Promise<string> =>
  (await stripe.stripe.subscriptions.list({ customer: await customerOf(user) })).data[0]?.id ?? '';

/** @returns a user with Pro, and the payment page of it */
async function payer(): Promise<{ user: TestUser; session: string }> {
  const { api } = current();
  const user = await api.signUp();
  const { body } = await api.post<{ checkout_url: string; session_id: string }>('/subscribe/pro', { token: user.accessToken, body: {} });
  await stripe.submit(body.checkout_url);
  await until('the payer has Pro', async () => (await statusOf(user)).plan === 'pro');
  return { user, session: body.session_id };
}

/** What is stored of those who pay. */
const stored = () =>
  Promise.all([
    sql(
      `SELECT user_id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at, price FROM subscriptions ORDER BY id`,
    ),
    sql(`SELECT user_id, stripe_customer_id FROM stripe_customers ORDER BY user_id`),
    sql(`SELECT * FROM former_stripe_customers`),
    sql(`SELECT id, subject_id, cause FROM subscription_transitions ORDER BY id`),
    sql(`SELECT * FROM refunds`),
    sql(`SELECT * FROM stripe_accounts`),
  ]);

/** The periods are over here too, and every payer is to be read. */
async function passPeriodEnd(): Promise<void> {
  await sql(
    `UPDATE subscriptions SET entitled_until = entitled_until - passed, current_period_end = current_period_end - passed
     FROM (SELECT id AS moved, current_period_end - now() + interval '5 minutes' AS passed FROM subscriptions) AS by WHERE id = moved`,
  );
  await sql(`UPDATE stripe_customers SET check_at = now(), synced_at = now() - interval '1 hour'`);
}

/** Requests until `end`. @returns how often which request had which answer, as `GET /plans 200` */
async function load(payers: readonly { user: TestUser; session: string }[], visitors: readonly TestUser[], end: number) {
  const answers = new Map<string, number>();
  const { api } = current();
  let turn = 0;
  const note = (name: string, { status, body }: Answer<unknown>): void => {
    const told = name.startsWith('GET /subscription/status') && status === 200 ? ` ${(body as StatusBody).plan}` : '';
    const line = `${name} ${status}${told}`;
    answers.set(line, (answers.get(line) ?? 0) + 1);
  };
  const call = async (): Promise<void> => {
    while (performance.now() < end) {
      turn += 1;
      const paying = payers[turn % payers.length];
      const visitor = visitors[turn % visitors.length];
      if (!paying || !visitor) throw new Error('there is somebody');
      const by = { token: paying.user.accessToken };
      note('GET /subscription/status', await api.get('/subscription/status', by));
      note('GET /subscription/status?checkout', await api.get(`/subscription/status?checkout_session_id=${paying.session}`, by));
      note('POST /subscribe/pro', await api.post('/subscribe/pro', { token: visitor.accessToken, body: {} }));
      note('POST /subscription/portal', await api.post('/subscription/portal', { ...by, body: {} }));
      note('POST /subscription/cancel', await api.post('/subscription/cancel', by));
      note('GET /plans', await api.get('/plans'));
      await sleep(isFullSize ? 500 : 20);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return answers;
}

const CASES = [
  {
    name: 'of another account',
    detail: 'other_account',
    line: 'the Stripe key belongs to acct_other in test mode',
    refusal: 503,
    plans: 503,
    begin: async () => {
      await stop();
      await start(OTHER_KEY);
    },
    correctTo: KEY,
  },
  {
    name: 'that was revoked while it was used',
    detail: 'key_refused',
    line: 'Stripe does not accept the key',
    refusal: 502,
    // The process knows the prices from before.
    plans: 200,
    begin: async () => {
      await stripe.control('POST', 'keys', { key: KEY, revoked: true });
    },
    correctTo: NEXT_KEY,
  },
];

test.each(CASES)(
  `${WRONG_MS / 1_000} s under load with a key $name change nothing for anybody, are told, and all is well afterwards`,
  async ({ detail, line, refusal, plans, begin, correctTo }) => {
    // A busy machine would refuse some of many at a time, for having waited too long.
    const lane = pLimit(4);
    const payers = await Promise.all(Array.from({ length: PAYERS }, () => lane(payer)));
    const { user: erased } = await payer();
    const visitors = await Promise.all(Array.from({ length: 10 }, () => current().api.signUp()));
    const [ending, deleted] = payers;
    if (!ending || !deleted) throw new Error('there are payers');
    const [endingSubscription, deletedCustomer, erasedCustomer] = [
      await subscriptionOf(ending.user),
      await customerOf(deleted.user),
      await customerOf(erased),
    ];
    await until('every event is acted on', async () => (await sql(`SELECT 1 FROM stripe_events WHERE processed_at IS NULL`)).length === 0);
    expect(await ready()).toEqual({ status: 'ok', checks: { postgresql: 'ok' } });

    await begin();
    expect((await current().api.delete('/user/me', { token: erased.accessToken, body: { password: erased.password } })).status).toBe(204);
    await passPeriodEnd();
    const before = await stored();
    await stripe.control('DELETE', 'calls');
    const end = performance.now() + WRONG_MS;
    const loading = load(payers, visitors, end);
    // Meanwhile Stripe renews, one cancels in its portal, the staff delete a customer there, and each is reported.
    await stripe.pass('31d');
    const staff = client(stripe.url, {}, 'sk_test_of_the_dashboard');
    await staff.subscriptions.update(endingSubscription, { cancel_at_period_end: true });
    await staff.customers.del(deletedCustomer);
    await until('the fault is told', async () => (await ready()).status === 'degraded');
    const answers = await loading;

    expect(await current().api.get('/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { postgresql: 'ok', stripe: detail } },
    });
    // A line of each of the two processes, which is repeated after ten minutes.
    const told = log.lines
      .filter(({ level, context }) => level === 'error' && context === 'AccountGuardService')
      .map(({ msg = '' }) => msg);
    expect(told.filter((one) => !one.includes(line))).toEqual([]);
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(2 * (1 + Math.floor(WRONG_MS / 600_000)));
    // Nothing else is loud, however many requests are refused.
    expect(log.lines.filter(({ level, context }) => level === 'error' && context !== 'AccountGuardService')).toEqual([]);
    expect([...answers.keys()].sort()).toEqual(
      [
        `GET /plans ${plans}`,
        'GET /subscription/status 200 pro',
        `GET /subscription/status?checkout ${refusal}`,
        `POST /subscribe/pro ${refusal}`,
        `POST /subscription/cancel ${refusal}`,
        `POST /subscription/portal ${refusal}`,
      ].sort(),
    );
    expect(answers.get('GET /subscription/status 200 pro')).toBeGreaterThan(PAYERS / 2);
    expect(await stored()).toEqual(before);
    expect(await sql(`SELECT closed_at FROM customer_closures`)).toEqual([{ closed_at: null }]);
    // The events wait, and nobody became a customer of the other account.
    const waiting = await sql(`SELECT 1 FROM stripe_events WHERE processed_at IS NULL`);
    expect(waiting.length).toBeGreaterThan(PAYERS);
    expect((await client(stripe.url, {}, OTHER_KEY).customers.list()).data).toEqual([]);

    await stop();
    await start(correctTo);
    await until(
      'all periods are those of Stripe',
      async () => {
        const late = `SELECT 1 FROM subscriptions WHERE current_period_end < now() AND status <> 'canceled'`;
        const events = `SELECT 1 FROM stripe_events WHERE processed_at IS NULL`;
        return (await sql(late)).length === 0 && (await sql(events)).length === 0;
      },
      60_000,
    );
    await until('the erased customer is deleted', async () => (await staff.customers.retrieve(erasedCustomer)).deleted === true);
    expect(await ready()).toEqual({ status: 'ok', checks: { postgresql: 'ok' } });
    for (const { user } of payers.slice(2)) expect(await statusOf(user)).toMatchObject({ plan: 'pro', status: 'active' });
    expect(await statusOf(ending.user)).toMatchObject({ plan: 'pro', status: 'active', cancel_at_period_end: true });
    expect(await statusOf(deleted.user)).toMatchObject({ plan: 'basic', status: 'canceled' });
    for (const { accessToken } of visitors.slice(0, 3))
      expect((await current().api.post('/subscribe/pro', { token: accessToken, body: {} })).status).toBe(201);
    await stripe.control('DELETE', `keys/${KEY}`);
  },
  WRONG_MS + 600_000,
);
