import type { Browser, Page } from 'playwright-core';
import { startTestApi } from '../support/api.js';
import { type BillingStack, type CheckoutBody, startBilling } from '../support/billing.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { lookAt } from '../support/look.js';
import { PRO_PRICE } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';

/** RETURN_SCREENSHOTS names a folder for pictures of the pages of payment and of the return, for people to look at. */
const SCREENSHOTS = process.env['RETURN_SCREENSHOTS'];

describeInBrowser('the pages of a payment', () => {
  let stack: BillingStack;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    // There is no frontend: people return to the API's own page.
    [stack, browser] = await Promise.all([startBilling({ FRONTEND_URL: '' }), openBrowser()]);
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
  });

  afterAll(async () => {
    await browser.close();
    await stack.close();
  });

  async function fillInCard(): Promise<void> {
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByLabel('Expiry').fill('12/34');
    await page.getByLabel('Security code').fill('123');
    await page.getByLabel('Name').fill('Ada Lovelace');
  }

  it('a person subscribes, pays, returns, sends the sixth message of the day, cancels, and is on the Basic plan when the period is over', async () => {
    const user = await stack.api.signUp();
    const { body: room } = await stack.api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: { name: 'Kyoto' } });
    const send = async (): Promise<number> =>
      (await stack.api.post(`/chatroom/${room.id}/message`, { token: user.accessToken, body: { content: 'Hello' } })).status;
    for (let sent = 1; sent <= 5; sent += 1) expect(await send()).toBe(202);
    expect(await send()).toBe(429);

    const { body: checkout } = await stack.subscribe(user);
    await page.goto(checkout.checkout_url);
    await lookAt(page, 'checkout', SCREENSHOTS);
    await fillInCard();
    await page.getByRole('button', { name: /^Subscribe/ }).click();
    await page.waitForURL(`${stack.api.origin}/subscription/return?checkout_session_id=${checkout.session_id}`);
    // The page looks again by itself until Stripe's event has arrived.
    await page.getByRole('heading', { name: 'Thank you for subscribing' }).waitFor();
    await lookAt(page, 'paid', SCREENSHOTS);

    expect((await stack.status(user, `?checkout_session_id=${checkout.session_id}`)).body).toMatchObject({ plan: 'pro', status: 'active' });
    expect(await send()).toBe(202);

    const { body: portal } = await stack.api.post<{ portal_url: string }>('/subscription/portal', { token: user.accessToken });
    await page.goto(portal.portal_url);
    await lookAt(page, 'portal', SCREENSHOTS);
    await page.getByRole('link', { name: 'Cancel subscription' }).click();
    await lookAt(page, 'portal-cancel', SCREENSHOTS);
    await page.getByRole('button', { name: 'Cancel subscription' }).click();
    await until('the cancellation arrives', async () => (await stack.status(user)).body.cancel_at_period_end);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });

    await stack.stripe.pass('31d');
    await until('Pro is over', async () => (await stack.status(user)).body.plan === 'basic');
    expect((await stack.status(user)).body).toMatchObject({ status: 'canceled', active_until: null, cancel_at_period_end: false });
    expect(await send()).toBe(429);
  });

  it('whoever leaves the payment page is told that nothing was charged, and whoever comes without a payment that they are back', async () => {
    for (const [name, query, heading] of [
      ['cancelled', '?checkout=cancelled', 'Nothing was charged'],
      ['unknown', '?checkout_session_id=cs_test_unknown', 'You are back'],
      ['back', '', 'You are back'],
    ] as const) {
      await page.goto(`${stack.api.origin}/subscription/return${query}`);
      await page.getByRole('heading', { name: heading }).waitFor();
      await lookAt(page, name, SCREENSHOTS);
    }
    const user = await stack.api.signUp();
    const { body: checkout } = await stack.subscribe(user);
    await page.goto(`${stack.api.origin}/subscription/return?checkout_session_id=${checkout.session_id}`);
    await page.getByRole('heading', { name: 'Your subscription is being confirmed' }).waitFor();
    await lookAt(page, 'waiting', SCREENSHOTS);
  });

  it('a promotion code lowers the first invoice with STRIPE_PROMOTION_CODES, and the page asks for none without', async () => {
    const { stripe } = stack.stripe;
    const { id: coupon } = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    await stripe.promotionCodes.create({ code: 'FRIENDS', promotion: { type: 'coupon', coupon } });
    await page.goto((await stack.subscribe(await stack.api.signUp())).body.checkout_url);
    await page.getByLabel('Card number').waitFor();
    expect(await page.getByLabel('Promotion code').count()).toBe(0);

    const api = await startTestApi({
      DATABASE_URL: stack.databaseUrl,
      STRIPE_SECRET_KEY: 'sk_test_simulated',
      STRIPE_BASE_URL: stack.stripe.url,
      STRIPE_WEBHOOK_SECRET: stack.stripe.webhookSecret,
      STRIPE_PRICE_PRO_ID: PRO_PRICE,
      STRIPE_PROMOTION_CODES: 'true',
    });
    try {
      const user = await api.signUp();
      const by = { token: user.accessToken };
      const { body: checkout } = await api.post<CheckoutBody>('/subscribe/pro', { ...by, body: {} });
      await page.goto(checkout.checkout_url);
      await page.getByLabel('Promotion code').fill('friends');
      await page.getByRole('button', { name: 'Show the amount' }).click();
      await fillInCard();
      await page.getByRole('button', { name: /^Subscribe.*7\.99/ }).click();
      await page.waitForURL(`${api.origin}/subscription/return?checkout_session_id=${checkout.session_id}`);
      await until('the payer has Pro', async () => (await stack.status(user)).body.plan === 'pro');
      await stack.stripe.pass('31d');
      expect((await api.get('/subscription/invoice', by)).body).toMatchObject({
        data: [
          { amount_paid: 999, discount: 0 },
          { amount_paid: 799, discount: 200 },
        ],
      });
    } finally {
      await api.close();
    }
  });
});
