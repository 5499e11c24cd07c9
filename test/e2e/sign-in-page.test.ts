import type { Browser, BrowserContext, Page } from 'playwright-core';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import type { TestUser } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

describeInBrowser('signing in and out', () => {
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    [stack, browser] = await Promise.all([startStack({ CHAT_UI_ENABLED: 'true', ADMIN_REQUIRE_OTP: 'true' }), openBrowser()]);
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
  });
  afterEach(async () => {
    await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await stack.close();
  });

  const button = (name: string) => page.getByRole('button', { name, exact: true });

  /** Gives the password, and pastes the code that follows as people write codes. */
  async function signInWithCode(admin: TestUser): Promise<void> {
    await page.getByLabel('Username or mobile number').fill(admin.username);
    await page.getByLabel('Password').fill(admin.password);
    const asked = page.waitForResponse((response) => response.url().endsWith('/auth/login'));
    await page.keyboard.press('Enter');
    const { otp } = (await (await asked).json()) as { otp: string };
    await page.getByLabel('Mobile number', { exact: true }).fill(admin.mobileNumber);
    await page.getByLabel('Code').fill('');
    await page.getByLabel('Code').focus();
    await page.keyboard.insertText(`${otp.slice(0, 3)} ${otp.slice(3)}`);
    await page.keyboard.press('Enter');
  }

  const openSessionsOf = async (user: TestUser) =>
    (await runSql(stack.databaseUrl, 'SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [user.id])).length;

  test('an administrator signs in to the chat page with the username, the password and a pasted code', async () => {
    const admin = await signUpAdministrator(stack.api);
    await page.goto(stack.api.origin);
    await button('Sign in').click();
    await signInWithCode(admin);
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
  });

  test('signing out of the administration ends the session at the API, also when the access token has expired', async () => {
    const admin = await signUpAdministrator(stack.api);
    const before = await openSessionsOf(admin);
    await page.goto(`${stack.api.origin}/admin/ui`);
    await signInWithCode(admin);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(await openSessionsOf(admin)).toBe(before + 1);
    // The API's answer to an expired token.
    const expired = { status: 401, contentType: 'application/problem+json', body: JSON.stringify({ status: 401, code: 'token_expired' }) };
    await page.route('**/auth/logout', (route) => route.fulfill(expired), { times: 1 });
    await button('Sign out').click();
    await page.getByText('You are signed out.', { exact: true }).waitFor();
    await until('the session has ended', async () => (await openSessionsOf(admin)) === before);
  });

  test('signing out says so when the API could not end the session', async () => {
    const user = await stack.api.signUp();
    await page.goto(stack.api.origin);
    await button('Sign in').click();
    await page.getByLabel('Username or mobile number').fill(user.username);
    await page.getByLabel('Password').fill(user.password);
    await page.keyboard.press('Enter');
    await page.locator('.account:visible').click();
    await page.route('**/auth/logout', (route) => route.abort());
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByText('You are signed out here, but the server did not answer').waitFor();
  });
});
