import { PRO_PRODUCT_ID } from '../../simulators/stripe/objects/catalogue.js';
import type { TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ STRIPE_PRICES: 'monthly=sold_monthly,annual=sold_annual', SWEEP_INTERVAL: '200ms' });
  const { stripe } = stack.stripe;
  const sell = (lookup_key: string, interval: 'month' | 'year', usd: number, eur: number) =>
    stripe.prices.create({
      product: PRO_PRODUCT_ID,
      currency: 'usd',
      unit_amount: usd,
      recurring: { interval },
      lookup_key,
      currency_options: { eur: { unit_amount: eur } },
    });
  const prices = [await sell('sold_monthly', 'month', 3_000, 2_800), await sell('sold_annual', 'year', 30_000, 28_000)];
  const [portal] = (await stripe.billingPortal.configurations.list({ is_default: true })).data;
  await stripe.billingPortal.configurations.update(portal?.id ?? '', {
    features: {
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price'],
        proration_behavior: 'always_invoice',
        products: [{ product: PRO_PRODUCT_ID, prices: prices.map(({ id }) => id) }],
      },
    },
  });
});

afterAll(async () => {
  await stack.close();
});

interface Invoice {
  readonly amount_paid: number;
  readonly currency: string;
}

const post = <T>(user: TestUser, path: string, body: object = {}) => stack.api.post<T>(path, { token: user.accessToken, body });
const invoicesOf = async (user: TestUser) =>
  (await stack.api.get<{ data: Invoice[] }>('/subscription/invoice', { token: user.accessToken })).body.data;

async function payer(price: string): Promise<TestUser> {
  const user = await stack.api.signUp();
  const { body } = await stack.subscribe(user, { price });
  await stack.stripe.submit(body.checkout_url);
  expect((await stack.status(user, `?checkout_session_id=${body.session_id}`)).body.plan).toBe('pro');
  await stack.settled();
  return user;
}

/** Confirms the change on the page of the portal. */
async function changeTo(user: TestUser, price: string): Promise<string> {
  const opened = await post<{ portal_url: string }>(user, '/subscription/portal', { price, return_url: 'https://app.example.com/plan' });
  expect(opened.status).toBe(201);
  const page = await fetch(opened.body.portal_url);
  const text = await page.text();
  expect((await stack.stripe.submit(page.url)).location).toBe('https://app.example.com/plan');
  await stack.settled();
  return text;
}

describe('A change of the price in the portal', () => {
  it('is paid at once, less what was not used, and begins a new period', async () => {
    const user = await payer('monthly');
    await stack.stripe.pass('10d');
    await stack.settled();
    const page = await changeTo(user, 'annual');
    expect((await stack.status(user)).body).toMatchObject({
      plan: 'pro',
      status: 'active',
      price: { key: 'annual', amount: 30_000, currency: 'usd', interval: 'year', interval_count: 1 },
      open_invoice: null,
    });
    const [change, first] = await invoicesOf(user);
    expect(first).toMatchObject({ amount_paid: 3_000, currency: 'usd' });
    // Two thirds of the month were not used, to a day more or less by its length.
    const { amount_paid: paid } = change ?? { amount_paid: 0 };
    expect(paid).toBeGreaterThan(30_000 - 2_150);
    expect(paid).toBeLessThan(30_000 - 1_850);
    expect(page).toContain(`$${(paid / 100).toFixed(2)}`);
    const end = Date.parse((await stack.status(user)).body.active_until ?? '');
    expect(end - Date.now()).toBeGreaterThan(364 * 86_400_000);
    expect((await stack.causesOf(user)).filter((cause) => cause !== 'stripe')).toEqual([]);
  });

  it('that is only looked at changes nothing', async () => {
    const user = await payer('monthly');
    const opened = await post<{ portal_url: string }>(user, '/subscription/portal', { price: 'annual' });
    expect((await fetch(opened.body.portal_url)).status).toBe(200);
    await stack.settled();
    expect((await stack.status(user)).body.price).toMatchObject({ key: 'monthly', amount: 3_000 });
    expect(await invoicesOf(user)).toHaveLength(1);
  });

  it('whose payment fails leaves the grace and the open invoice', async () => {
    const user = await payer('monthly');
    const customer = await stack.customerOf(user);
    await stack.stripe.control('POST', 'cards', { customer, behaviour: 'insufficient_funds' });
    await changeTo(user, 'annual');
    const { body } = await stack.status(user);
    expect(body).toMatchObject({ plan: 'pro', status: 'past_due', price: { key: 'annual' }, open_invoice: { reason: 'payment_failed' } });
    await stack.stripe.control('POST', 'cards', { customer, behaviour: 'pays' });
    const [open] = (await stack.stripe.stripe.invoices.list({ customer, status: 'open' })).data;
    await stack.stripe.stripe.invoices.pay(open?.id ?? '');
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active', open_invoice: null });
  });
});

describe('A payer in another currency', () => {
  it('pays, is renewed and changes the price in that currency, and in no other one', async () => {
    const user = await payer('monthly:eur');
    const price = { key: 'monthly:eur', amount: 2_800, currency: 'eur', interval: 'month', interval_count: 1 };
    expect((await stack.status(user)).body.price).toEqual(price);
    // Stripe shows a price in its own currency, whatever it is paid in.
    const [subscription] = await stack.subscriptionsOf(user);
    expect([subscription?.currency, subscription?.items.data[0]?.price.currency]).toEqual(['eur', 'usd']);
    await stack.stripe.pass('32d');
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active', price });
    expect(await invoicesOf(user)).toMatchObject([
      { amount_paid: 2_800, currency: 'eur' },
      { amount_paid: 2_800, currency: 'eur' },
    ]);
    expect(await post(user, '/subscription/portal', { price: 'annual' })).toMatchObject({
      status: 409,
      body: { code: 'other_currency', currency: 'eur' },
    });
    expect(await changeTo(user, 'annual:eur')).toContain('€');
    expect((await stack.status(user)).body.price).toMatchObject({ key: 'annual:eur', amount: 28_000, currency: 'eur' });
    expect((await invoicesOf(user)).every(({ currency }) => currency === 'eur')).toBe(true);
  });
});

describe('A subscription with a schedule', () => {
  it('is cancelled with its period: the schedule is released, and nothing more is charged', async () => {
    const user = await payer('monthly');
    const { stripe } = stack.stripe;
    const [subscription] = await stack.subscriptionsOf(user);
    const { id: schedule } = await stripe.subscriptionSchedules.create({ from_subscription: subscription?.id ?? '' });
    await stack.settled();
    expect(await post(user, '/subscription/cancel')).toMatchObject({
      status: 200,
      body: { plan: 'pro', status: 'active', cancel_at_period_end: true },
    });
    expect((await stripe.subscriptionSchedules.retrieve(schedule)).status).toBe('released');
    await stack.stripe.pass('32d');
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'canceled' });
    expect(await invoicesOf(user)).toHaveLength(1);
  });
});
