import type { StripeSubscription } from '../../src/integrations/stripe/index.js';
import { TrialsService } from '../../src/modules/billing/trials.service.js';
import type { TestUser } from '../support/api.js';
import { type BillingStack, type CheckoutBody, startBilling } from '../support/billing.js';
import { TIME } from '../support/problem.js';

const DAY_MS = 86_400_000;
const OTHER_CARD = { number: '5555 5555 5555 4444' };

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ PRO_TRIAL_DAYS: '7', REQUIRE_VERIFIED_NUMBER: 'false', SWEEP_INTERVAL: '200ms' });
});

afterAll(async () => {
  await stack.close();
});

let people = 0;

/** Cards that nobody else uses here: the simulator tells them apart by their numbers. */
const signUp = (given: { mobileNumber?: string; email?: string } = {}): Promise<TestUser> => {
  people += 1;
  return stack.api.signUp({ email: `trial-${people}@example.com`, ...given });
};

const verify = (user: TestUser) => stack.sql(`UPDATE users SET verified_at = now() WHERE id = $1`, [user.id]);

const open = async (user: TestUser): Promise<CheckoutBody> => (await stack.subscribe(user)).body;

const isTrialOffered = async (user: TestUser): Promise<boolean> => {
  const { session_id: id } = await open(user);
  return (await stack.stripe.stripe.checkout.sessions.retrieve(id)).amount_total === 0;
};

const subscribe = async (user: TestUser, card: Record<string, string> = {}): Promise<void> => {
  const { checkout_url: url } = await open(user);
  await stack.stripe.submit(url, card);
  await stack.settled();
};

const erase = (user: TestUser) => stack.api.delete('/user/me', { token: user.accessToken, body: { password: user.password } });

it('is listed, begins without a payment, and becomes a paid subscription', async () => {
  const { body: plans } = await stack.api.get<{ data: { prices: { trial_days: number }[] }[] }>('/plans');
  expect(plans.data[1]?.prices.map(({ trial_days }) => trial_days)).toEqual([7]);
  const user = await signUp();
  await subscribe(user, { number: '4000 0566 5566 5556' });
  const { body } = await stack.status(user);
  expect(body).toMatchObject({ plan: 'pro', status: 'trialing', trial_end: expect.stringMatching(TIME), open_invoice: null });
  expect(Math.abs(Date.parse(body.trial_end ?? '') - Date.now() - 7 * DAY_MS)).toBeLessThan(120_000);
  expect((await stack.stripe.stripe.charges.list({ customer: await stack.customerOf(user) })).data).toEqual([]);

  await stack.stripe.pass('8d');
  await stack.settled();
  expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active', trial_end: null });
  const charges = await stack.stripe.stripe.charges.list({ customer: await stack.customerOf(user) });
  expect(charges.data.map(({ amount }) => amount)).toEqual([999]);
});

it('is had once by an account, whatever number and address it has later', async () => {
  const user = await signUp();
  await subscribe(user, { number: '4000 0000 0000 0077' });
  const [subscription] = await stack.subscriptionsOf(user);
  await stack.stripe.stripe.subscriptions.cancel(subscription?.id ?? '');
  await stack.settled();
  await stack.sql(`UPDATE users SET email = $2 WHERE id = $1`, [user.id, `moved-${people}@example.com`]);
  expect(await isTrialOffered(user)).toBe(false);
});

it('is had once by the holder of a verified number or of an address, also after the erasure of the account', async () => {
  const first = await signUp({ email: 'twice@example.com' });
  await verify(first);
  await subscribe(first, OTHER_CARD);
  await erase(first);

  const sameNumber = await signUp({ mobileNumber: first.mobileNumber });
  // Anybody can sign up with a number that is not theirs.
  expect(await isTrialOffered(sameNumber)).toBe(true);
  await stack.stripe.stripe.checkout.sessions.expire((await open(sameNumber)).session_id);
  await stack.settled();
  await verify(sameNumber);
  expect(await isTrialOffered(sameNumber)).toBe(false);
  expect(await isTrialOffered(await signUp({ email: 'Twice@example.com' }))).toBe(false);
  expect(await isTrialOffered(await signUp())).toBe(true);
});

it('of whoever had the account before is not that of the holder of its number, who has verified it meanwhile', async () => {
  const holder = await signUp();
  await verify(holder);
  const stillSynced = { stripeSubscriptionId: 'sub_of_the_payer_before', trial: { cardFingerprint: null } } as StripeSubscription;
  await stack.worker.get(TrialsService, { strict: false }).claim({ userId: holder.id, stripeCustomerId: 'cus_before' }, [stillSynced]);
  expect(await isTrialOffered(holder)).toBe(true);
});

it('ends at once with the card of another trial, and charges nothing', async () => {
  const [first, second] = [await signUp(), await signUp()];
  await subscribe(first);
  await subscribe(second);
  expect((await stack.status(first)).body).toMatchObject({ plan: 'pro', status: 'trialing' });
  expect((await stack.status(second)).body).toMatchObject({ plan: 'basic', status: 'canceled', trial_end: null, price: null });
  expect((await stack.causesOf(second)).at(-1)).toBe('trial_used');
  expect((await stack.stripe.stripe.charges.list({ customer: await stack.customerOf(second) })).data).toEqual([]);
  // What is looked at again stays as it is.
  await stack.sql(`UPDATE stripe_customers SET check_at = now()`);
  await stack.settled();
  expect((await stack.status(first)).body).toMatchObject({ status: 'trialing' });
  // The next subscription is paid from the beginning.
  await subscribe(second);
  expect((await stack.status(second)).body).toMatchObject({ plan: 'pro', status: 'active' });
});

it('that people give at Stripe is theirs to give', async () => {
  const user = await signUp();
  await subscribe(user);
  await subscribe(user);
  const [subscription] = await stack.subscriptionsOf(user);
  expect(subscription?.status).toBe('active');
  const customer = await stack.customerOf(user);
  await stack.stripe.stripe.subscriptions.cancel(subscription?.id ?? '');
  await stack.stripe.stripe.subscriptions.create({ customer, items: [{ price: 'price_simulated_pro' }], trial_period_days: 30 });
  await stack.settled();
  expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'trialing' });
});
