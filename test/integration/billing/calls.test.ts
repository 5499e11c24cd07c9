import { StripeSetup } from '../../../src/integrations/stripe/stripe-setup.js';
import { ReconciliationService } from '../../../src/modules/billing/worker/reconciliation.service.js';
import { PRO_ANNUAL_PRICE_ID, PRO_PRODUCT_ID } from '../../../simulators/stripe/objects/catalogue.js';
import type { Call } from '../../../simulators/stripe/calls.js';
import type { TestUser } from '../../support/api.js';
import { signUpAdministrator } from '../../support/administrator.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { PRO_PRICE } from '../../support/stripe-simulator.js';
import { CALLS_OF_THE_BACKEND, judgeCalls } from '../../support/stripe-types.js';
import { until } from '../../support/until.js';

const BACKEND = 'sk_test_simulated';

let stack: BillingStack;
beforeAll(async () => {
  stack = await startBilling({
    STRIPE_PRICES: `monthly=${PRO_PRICE},annual=${PRO_ANNUAL_PRICE_ID}`,
    STRIPE_MAX_CALLS_PER_SECOND: '10000',
    STRIPE_PROMOTION_CODES: 'true',
    STRIPE_AUTOMATIC_TAX: 'true',
    STRIPE_TERMS_CONSENT: 'true',
    PRO_TRIAL_DAYS: '7',
    SWEEP_INTERVAL: '200ms',
  });
});
afterAll(async () => {
  await stack.close();
});

const post = (user: TestUser, path: string, body?: object) =>
  stack.api.post<{ status: string; cancel_at_period_end: boolean }>(path, {
    token: user.accessToken,
    ...(body === undefined ? {} : { body }),
  });
const PAYER = { country: 'DE', terms: 'accepted' };

async function payer(fields: Record<string, string> = {}, body?: object): Promise<TestUser> {
  const user = await stack.api.signUp({ email: 'payer@example.com' });
  const { body: checkout } = await stack.subscribe(user, body);
  await stack.stripe.submit(checkout.checkout_url, { ...PAYER, ...fields });
  expect((await stack.status(user, `?checkout_session_id=${checkout.session_id}`)).body.plan).toBe('pro');
  await stack.settled();
  return user;
}

const setupOf = () => new StripeSetup({ apiKey: BACKEND, timeoutMs: 10_000, baseUrl: stack.stripe.url });

/** The portal of `npm run stripe:setup`: created, and changed where it differs. */
async function setUpPortal(): Promise<void> {
  const { stripe } = stack.stripe;
  const setup = setupOf();
  const prices = [PRO_PRICE, PRO_ANNUAL_PRICE_ID];
  const [usual] = (await stripe.billingPortal.configurations.list({ is_default: true })).data;
  const { id } = await setup.ensurePortal({ product: PRO_PRODUCT_ID, prices });
  const { metadata } = await stripe.billingPortal.configurations.update(id, { active: false });
  await stripe.billingPortal.configurations.update(usual?.id ?? '', { metadata: metadata ?? {} });
  expect(await setup.ensurePortal({ product: PRO_PRODUCT_ID, prices })).toMatchObject({ id: usual?.id, outcome: 'changed' });
}

/** The rest of it. Its endpoint cannot be reached, so it comes last. */
async function setUpProduct(): Promise<void> {
  const { stripe } = stack.stripe;
  const setup = setupOf();
  for (const events of [['invoice.paid'], ['invoice.paid', 'invoice.voided']])
    await setup.ensureEndpoint('https://api.example.com/webhook/stripe', events);
  await setup.describeAccount();
  const wanted = { lookupKey: 'another_monthly', interval: 'month', amounts: [['usd', 2000]] } as const;
  const { id: product } = await setup.ensureProduct({ name: 'Another', lookupKeys: [wanted.lookupKey] });
  const price = await setup.ensurePrice(product, wanted);
  await stripe.prices.update(price.id, { active: false });
  await setup.ensurePrice(product, { ...wanted, amounts: [] });
  await setup.ensureProduct({ name: 'Another name', lookupKeys: [wanted.lookupKey] });
}

async function everything(): Promise<void> {
  const { stripe } = stack.stripe;
  const user = await payer(
    { vat_id: 'DE123456789' },
    { price: 'annual', success_url: 'https://app.example.com/paid?s={CHECKOUT_SESSION_ID}' },
  );
  await stack.api.get('/subscription/invoice', { token: user.accessToken });
  await post(user, '/subscription/portal', { return_url: 'https://app.example.com/account' });
  expect((await post(user, '/subscription/portal', { price: 'monthly' })).status).toBe(201);
  expect((await post(user, '/subscription/cancel')).body.cancel_at_period_end).toBe(true);
  expect((await post(user, '/subscription/resume')).body.cancel_at_period_end).toBe(false);
  const [subscription] = await stack.subscriptionsOf(user);
  const id = subscription?.id ?? '';

  await stripe.subscriptionSchedules.create({ from_subscription: id });
  expect((await post(user, '/subscription/cancel')).body.cancel_at_period_end).toBe(true);
  await stripe.subscriptions.update(id, { cancel_at_period_end: false });
  await stripe.subscriptions.update(id, { cancel_at: Math.floor(Date.now() / 1000) + 86_400 });
  await stack.settled();
  await post(user, '/subscription/resume');
  await stripe.subscriptions.pause(id, { type: 'subscription' });
  await stack.settled();
  await post(user, '/subscription/resume');
  await stack.api.patch('/user/me', {
    token: user.accessToken,
    body: { email: 'other@example.com', username: `u${Date.now()}`, current_password: user.password },
  });

  // A second subscription is ended and given back.
  const customer = await stack.customerOf(user);
  await stack.stripe.submit((await stack.stripe.checkout({ customer })).url ?? '', { number: '4000 0000 0000 7726' });
  await until('the second payment is given back', async () => (await stripe.refunds.list()).data.length > 0);
  await stack.settled();

  const disputed = await payer({ number: '5555 5555 5555 4444' });
  // It has paid for one period when its card gives nothing any more.
  await stack.stripe.control('POST', 'clock', { by: '38d' });
  await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(disputed), behaviour: 'insufficient_funds' });
  await stack.stripe.control('POST', 'clock', { by: '31d' });
  await stack.settled();
  const { data: charges } = await stripe.charges.list({ customer: await stack.customerOf(disputed) });
  const charge = charges.find(({ paid }) => paid);
  await stack.stripe.control('POST', 'disputes', { charge: charge?.id, status: 'lost' });
  await stack.settled();

  const admin = await signUpAdministrator(stack.api);
  await stack.api.post(`/admin/subscriptions/${user.id}/sync`, { token: admin.accessToken });
  await stack.worker.get(ReconciliationService, { strict: false }).reconcile();
  const leaving = await stack.api.signUp();
  await stack.subscribe(leaving);
  const { accessToken, password } = leaving;
  await stack.api.delete('/user/me', { token: accessToken, body: { password } });
  await until(
    'the customer of the erased account is deleted',
    async () => (await stack.sql(`SELECT 1 FROM customer_closures WHERE closed_at IS NULL`)).length === 0,
  );
}

test('every call that the backend makes of Stripe agrees with the types of stripe-node', async () => {
  await setUpPortal();
  await everything();
  await setUpProduct();
  const { data } = await stack.stripe.control<{ data: Call[] }>('GET', 'calls');
  const { problems, judged } = judgeCalls(data.filter(({ key }) => key === BACKEND));
  expect(problems).toEqual([]);
  expect(judged).toEqual(CALLS_OF_THE_BACKEND);
});

test('a parameter that is unknown, missing or of another kind does not agree', () => {
  const call = { at: 0, key: BACKEND, method: 'POST', idempotency_key: null, status: 200 };
  const { problems } = judgeCalls([
    { ...call, path: '/v1/refunds', form: 'payment_intent=pi_1&surprise=1' },
    { ...call, path: '/v1/prices', form: 'product=prod_1' },
    { ...call, path: '/v1/subscriptions/sub_1', form: 'cancel_at_period_end=perhaps' },
  ]);
  expect(problems).toHaveLength(3);
});
