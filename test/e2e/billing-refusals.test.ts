import { type Settings, startTestApi, type TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { problem } from '../support/problem.js';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ LOG_LEVEL: 'silent' });
});

afterAll(async () => {
  await stack.close();
});

afterEach(async () => {
  await stack.stripe.control('DELETE', 'faults');
});

const refuse = (method: string, path: string, times: number) =>
  stack.stripe.control('POST', 'faults', { kind: 'refuse', method, path, times });

const post = (user: TestUser, path: string) => stack.api.post<Record<string, unknown>>(path, { token: user.accessToken });

/** What one who wants to subscribe is answered by an API with other settings. */
async function subscribeWith(settings: Settings) {
  const api = await startTestApi({
    DATABASE_URL: stack.databaseUrl,
    FRONTEND_URL: 'https://app.example.com',
    LOG_LEVEL: 'silent',
    ...settings,
  });
  try {
    const user = await api.signUp();
    return await api.post('/subscribe/pro', { token: user.accessToken, body: {} });
  } finally {
    await api.close();
  }
}

const AT_SIMULATOR = (): Settings => ({
  STRIPE_SECRET_KEY: 'sk_test_simulated',
  STRIPE_BASE_URL: stack.stripe.url,
  STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
  STRIPE_PRICE_PRO_ID: 'price_simulated_pro',
});

const REFUSED = problem(
  502,
  'payment_provider_refused',
  'The payment provider refused',
  'The payment provider refused a request of this service. Nothing was charged. The operator has to correct its settings.',
);

describe('What only the operator can correct is 502, without a time to retry', () => {
  it('a price that Stripe does not know', async () => {
    const answer = await subscribeWith({ ...AT_SIMULATOR(), STRIPE_PRICE_PRO_ID: 'price_unknown' });
    expect(answer).toMatchObject({ status: 502, body: REFUSED });
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  it('a key that Stripe does not know', async () => {
    expect(await subscribeWith({ ...AT_SIMULATOR(), STRIPE_SECRET_KEY: 'sk_other_key' })).toMatchObject({ status: 502, body: REFUSED });
  });

  it('a portal without configuration', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    await refuse('POST', '/v1/billing_portal/sessions', 1);
    expect(await post(user, '/subscription/portal')).toMatchObject({ status: 502, body: REFUSED });
  });
});

it('a configuration of the portal that Stripe does not know is no missing subscription', async () => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  const error = { status: 404, type: 'invalid_request_error', code: 'resource_missing', param: 'configuration' };
  await stack.stripe.control('POST', 'faults', { kind: 'refuse', method: 'POST', path: '/v1/billing_portal/sessions', times: 1, error });
  expect(await post(user, '/subscription/portal')).toMatchObject({ status: 502, body: REFUSED });
});

it('an installation without Stripe says so, without a time to retry', async () => {
  const answer = await subscribeWith({});
  expect(answer).toMatchObject({
    status: 503,
    body: problem(
      503,
      'billing_unavailable',
      'Payments are unavailable',
      'This installation has no account at the payment provider. Nothing was charged.',
    ),
  });
  expect(answer.headers.get('retry-after')).toBeNull();
});

it('a change that Stripe refuses for the state of the subscription is 409', async () => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  await refuse('POST', '/v1/subscriptions', 1);
  expect(await post(user, '/subscription/cancel')).toMatchObject({ status: 409, body: { code: 'payment_provider_refused' } });
});

it('a payment page that Stripe refuses is not one of the five of the day', async () => {
  const user = await stack.api.signUp();
  await refuse('POST', '/v1/checkout/sessions', 6);
  for (let tried = 1; tried <= 6; tried += 1) expect((await stack.subscribe(user)).status).toBe(502);
  expect((await stack.subscribe(user)).status).toBe(201);
});

it('five pages of a day are counted once each, however many ask for them at once', async () => {
  const user = await stack.api.signUp();
  for (let opened = 1; opened <= 5; opened += 1) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => stack.subscribe(user)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    await stack.stripe.stripe.checkout.sessions.expire(answers[0]?.body.session_id ?? '');
  }
  expect(await stack.subscribe(user)).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
});
