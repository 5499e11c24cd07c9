import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import type Stripe from 'stripe';
import { describeInBrowser, openBrowser } from '../../support/browser.js';
import { openStripe, START, DAY, type StripeWorld } from '../../support/stripe-simulator.js';

/** What a person does on the hosted pages, in Chromium. */
describeInBrowser('the hosted pages', () => {
  let browser: Browser;
  let world: StripeWorld;
  let page: Page;
  let shop: { url: string; server: Server };
  let blocked: string[];

  beforeAll(async () => {
    browser = await openBrowser();
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<title>Shop</title><h1>${request.url?.split('?')[0] ?? ''}</h1>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // Another origin than the simulator's: `localhost` against `127.0.0.1`, and another port.
    shop = { url: `http://localhost:${(server.address() as AddressInfo).port}`, server };
  });
  afterAll(async () => {
    await browser.close();
    shop.server.closeAllConnections();
    shop.server.close();
  });
  beforeEach(async () => {
    world = await openStripe();
    page = await browser.newPage();
    blocked = [];
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) blocked.push(message.text());
    });
  });
  afterEach(async () => {
    expect(blocked).toEqual([]);
    await page.close();
    await world.stop();
  });

  const checkout = async (given: Partial<Stripe.Checkout.SessionCreateParams> = {}): Promise<Stripe.Checkout.Session> => {
    const session = await world.checkout({
      success_url: `${shop.url}/done?session={CHECKOUT_SESSION_ID}`,
      cancel_url: `${shop.url}/plans`,
      ...given,
    });
    await page.goto(session.url ?? '');
    return session;
  };
  const fill = async (number: string): Promise<void> => {
    await page.getByLabel('Card number').fill(number);
    await page.getByLabel('Expiry').fill('12/34');
    await page.getByLabel('Security code').fill('123');
    await page.getByLabel('Name').fill('Ada Lovelace');
  };
  const subscribe = (): Promise<void> => page.getByRole('button', { name: 'Subscribe · $9.99' }).click();

  test('pay with 4242: back in the shop with the session’s id, subscribed', async () => {
    const session = await checkout();
    expect(await page.getByRole('note').textContent()).toContain('Simulated Stripe.');
    await page.getByLabel('Email').fill('ada@example.com');
    await fill('4242 4242 4242 4242');
    await subscribe();
    await page.waitForURL(`${shop.url}/done?session=${session.id}`);
    const paid = await world.stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription', 'customer'] });
    expect(paid).toMatchObject({ payment_status: 'paid', subscription: { status: 'active' }, customer: { email: 'ada@example.com' } });
  });

  test('by keyboard alone', async () => {
    const session = await checkout({ customer_email: 'ada@example.com' });
    const focused = (): Promise<string> => page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()');
    const seen: string[] = [];
    for (const typed of ['', '', '', '4242424242424242', '12/34', '123', 'Ada Lovelace', '']) {
      await page.keyboard.press('Tab');
      seen.push(await focused());
      if (typed !== '') await page.keyboard.type(typed);
    }
    expect(seen).toEqual(['← Back, without paying', 'email', '', 'number', 'expiry', 'cvc', 'name', 'Subscribe · $9.99']);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${shop.url}/done?session=${session.id}`);
  });

  test('decline with …0002: said on the page, nothing bought; the second card pays', async () => {
    const session = await checkout({ customer_email: 'ada@example.com' });
    await fill('4000000000000002');
    await subscribe();
    expect(await page.getByRole('alert').textContent()).toBe('Your card was declined.');
    expect(await page.getByLabel('Card number').inputValue()).toBe('');
    expect((await world.stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
    await fill('4242424242424242');
    await subscribe();
    await page.waitForURL(`${shop.url}/done?session=${session.id}`);
  });

  test('what is missing is said beside its field', async () => {
    await checkout();
    await subscribe();
    for (const [label, problem] of [
      ['Email', 'Enter your email address.'],
      ['Card number', 'Your card number is incomplete.'],
      ['Expiry', "Your card's expiration date is incomplete."],
      ['Security code', "Your card's security code is incomplete."],
    ] as const) {
      const input = page.getByLabel(label);
      expect(await input.getAttribute('aria-invalid')).toBe('true');
      expect(await page.locator(`#${(await input.getAttribute('aria-describedby')) ?? ''}`).textContent()).toBe(problem);
    }
  });

  test('authenticate with …3155: failed, then completed', async () => {
    const session = await checkout({ customer_email: 'ada@example.com' });
    await fill('4000002500003155');
    await subscribe();
    await page.getByRole('button', { name: 'Fail authentication' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch('We are unable to authenticate your payment method.');
    await fill('4000002500003155');
    await subscribe();
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await page.waitForURL(`${shop.url}/done?session=${session.id}`);
    expect((await world.stripe.subscriptions.list()).data).toHaveLength(1);
  });

  test('cancel: back in the shop, the checkout still open; expired, the page says so', async () => {
    const session = await checkout();
    await page.getByRole('link', { name: 'Back, without paying' }).click();
    await page.waitForURL(`${shop.url}/plans`);
    expect((await world.stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    await world.pass('1d');
    await page.goto(session.url ?? '');
    expect(await page.getByRole('heading').textContent()).toBe('This checkout has expired');
  });

  test('bank debit: no card is asked for; the order waits for the bank', async () => {
    const session = await checkout({ customer_email: 'ada@example.com' });
    await page.getByLabel('Bank debit, which succeeds days later').check();
    expect(await page.getByLabel('Card number').isVisible()).toBe(false);
    await page.getByLabel('Name').fill('Ada Lovelace');
    await subscribe();
    expect(await page.getByRole('heading').textContent()).toBe('Order received');
    await page.waitForURL(`${shop.url}/done?session=${session.id}`);
    expect(await world.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
  });

  describe('portal', () => {
    let subscription: Stripe.Subscription;
    beforeEach(async () => {
      subscription = await world.subscribe();
      const portal = await world.stripe.billingPortal.sessions.create({
        customer: subscription.customer as string,
        return_url: `${shop.url}/account`,
      });
      await page.goto(portal.url);
    });
    const now = (): Promise<Stripe.Subscription> => world.stripe.subscriptions.retrieve(subscription.id);

    test('cancel, think better of it, resume', async () => {
      await page.getByRole('link', { name: 'Cancel subscription' }).click();
      await page.getByRole('link', { name: 'Keep it' }).click();
      expect(await now()).toEqual(subscription);

      await page.getByRole('link', { name: 'Cancel subscription' }).click();
      await page.getByRole('button', { name: 'Cancel subscription' }).click();
      await page.getByText('Ends on 31 January 2030.').waitFor();
      expect(await now()).toMatchObject({ cancel_at: START + 30 * DAY, cancel_at_period_end: false, status: 'active' });

      await page.getByRole('button', { name: 'Don’t cancel' }).click();
      await page.getByText('Renews on 31 January 2030.').waitFor();
      expect(await now()).toEqual(subscription);

      await page.getByRole('link', { name: 'Return to the shop' }).click();
      await page.waitForURL(`${shop.url}/account`);
    });

    test('change the card: the new one pays the renewal', async () => {
      await page.getByText('Visa ···· 4242, expires 12 / 2034').waitFor();
      await page.getByRole('link', { name: 'Change card' }).click();
      await fill('4000000000000002');
      await page.getByRole('button', { name: 'Save card' }).click();
      expect(await page.getByRole('alert').textContent()).toBe('Your card was declined.');
      await fill('5555555555554444');
      await page.getByRole('button', { name: 'Save card' }).click();
      await page.getByText('Mastercard ···· 4444, expires 12 / 2034').waitFor();
      await world.pass('31d');
      const [charge] = (await world.stripe.charges.list()).data;
      expect(charge?.payment_method_details?.card?.last4).toBe('4444');
    });

    test('an open invoice is paid on its page, and the subscription recovers', async () => {
      await world.control('POST', 'cards', { customer: subscription.customer, behaviour: 'insufficient_funds' });
      await world.pass('31d');
      await page.reload();
      await page.getByText('Past due').waitFor();
      await page.getByRole('row', { name: 'open' }).getByRole('link').click();
      await fill('4242424242424242');
      await page.getByRole('button', { name: 'Pay $9.99' }).click();
      await page.getByText('paid', { exact: true }).waitFor();
      expect((await now()).status).toBe('active');
    });

    test('another customer’s subscription cannot be touched', async () => {
      const other = await world.subscribe();
      expect((await world.submit(`${page.url()}/subscriptions/${other.id}/cancel`)).status).toBe(303);
      expect(await world.stripe.subscriptions.retrieve(other.id)).toEqual(other);
    });
  });
});
