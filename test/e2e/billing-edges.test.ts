import type { TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { DAY, PRO_PRICE } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling();
});

afterAll(async () => {
  await stack.close();
});

const post = (user: TestUser, path: string) => stack.api.post(path, { token: user.accessToken });

const statusIs = (user: TestUser, status: string) =>
  until(`the status is ${status}`, async () => (await stack.status(user)).body.status === status);

/** A user whose customer has a subscription that was made at Stripe. */
async function subscribedAtStripe(given: object): Promise<TestUser> {
  const user = await stack.api.signUp();
  await stack.subscribe(user);
  const customer = await stack.customerOf(user);
  await stack.stripe.stripe.subscriptions.create({ customer, items: [{ price: PRO_PRICE }], ...given });
  return user;
}

it('a subscription whose first payment never came is ended at once, and another can be bought', async () => {
  const user = await subscribedAtStripe({ payment_behavior: 'default_incomplete' });
  await statusIs(user, 'incomplete');
  expect(await post(user, '/subscription/cancel')).toMatchObject({ status: 200, body: { plan: 'basic', cancel_at_period_end: false } });
  const [ended] = await stack.subscriptionsOf(user);
  expect(['canceled', 'incomplete_expired']).toContain(ended?.status);
  expect((await stack.subscribe(user)).status).toBe(201);
});

it('a paused subscription is resumed, and another one is ended at once', async () => {
  const trial = { trial_period_days: 7, trial_settings: { end_behavior: { missing_payment_method: 'pause' } } };
  const [resumed, ended] = [await subscribedAtStripe(trial), await subscribedAtStripe(trial)];
  await stack.stripe.pass('8d');
  await statusIs(resumed, 'paused');
  await statusIs(ended, 'paused');
  expect((await post(resumed, '/subscription/resume')).status).toBe(200);
  // Its invoice is open, because there is no card; the subscription goes on when it is paid.
  const { data } = await stack.stripe.stripe.invoices.list({ customer: await stack.customerOf(resumed), status: 'open' });
  expect(data).toHaveLength(1);
  expect((await post(ended, '/subscription/cancel')).status).toBe(200);
  expect((await stack.subscriptionsOf(ended))[0]?.status).toBe('canceled');
});

it('a payment that was written off does not use up the grace of a later one', async () => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  const customer = await stack.customerOf(user);
  await stack.stripe.control('POST', 'cards', { customer, behaviour: 'insufficient_funds' });
  await stack.stripe.pass('31d');
  const { stripe } = stack.stripe;
  const [open] = (await stripe.invoices.list({ customer, status: 'open' })).data;
  await stripe.invoices.markUncollectible(open?.id ?? '');
  await stack.stripe.control('POST', 'cards', { customer, behaviour: 'pays' });
  await stack.stripe.pass('30d');
  await stack.settled();
  await stack.stripe.control('POST', 'cards', { customer, behaviour: 'insufficient_funds' });
  await stack.stripe.pass('30d');
  await stack.settled();
  await statusIs(user, 'past_due');
  const { body } = await stack.status(user);
  expect(body.plan).toBe('pro');
  expect(Math.abs(Date.parse(body.active_until ?? '') - Date.now())).toBeLessThan(3 * DAY * 1_000 + 60_000);
});
