import type { Browser, Page } from 'playwright-core';
import { type BillingStack, startBilling } from '../support/billing.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { lookAt } from '../support/look.js';

/** PLAN_SCREENSHOTS names a folder for pictures of the pages, for people to look at. */
const SCREENSHOTS = process.env['PLAN_SCREENSHOTS'];

describeInBrowser('the dialog of plans', () => {
  let stack: BillingStack;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [stack, browser] = await Promise.all([startBilling({ CHAT_UI_ENABLED: 'true', FRONTEND_URL: '' }), openBrowser()]);
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
  });
  afterAll(async () => {
    await browser.close();
    await stack.close();
  });

  const button = (name: string) => page.getByRole('button', { name, exact: true });

  test('a user upgrades on the chat page, pays, comes back with Pro, and finds the portal there', async () => {
    const user = await stack.api.signUp();
    await page.goto(stack.api.origin);
    await button('Sign in').click();
    await page.getByLabel('Username or mobile number').fill(user.username);
    await page.getByLabel('Password').fill(user.password);
    await page.keyboard.press('Enter');
    await button('Upgrade').click();
    const dialog = page.getByRole('dialog', { name: 'Your plan' });
    await dialog.getByRole('radio').first().waitFor();
    await lookAt(page, '1-basic', SCREENSHOTS);
    await button('Upgrade to Pro').click();

    await page.getByLabel('Card number').waitFor();
    await page.getByLabel('Email').fill('ada@example.com');
    await page.getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByLabel('Expiry').fill('12/34');
    await page.getByLabel('Security code').fill('123');
    await page.getByLabel('Name').fill('Ada Lovelace');
    await page.getByRole('button', { name: /^Subscribe/ }).click();

    await page.getByText('You have Pro now: no daily limit.').waitFor();
    await page.getByText('Pro · no daily limit').waitFor();
    await page.locator('.account:visible').click();
    await page.getByRole('menuitem', { name: 'Your plan' }).click();
    await dialog.getByText(/Paid until/).waitFor();
    await lookAt(page, '2-pro', SCREENSHOTS);
    await button('Payments and invoices').click();
    await page.getByRole('link', { name: 'Cancel subscription' }).waitFor();
  });
});
