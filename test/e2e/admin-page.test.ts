import type { Browser, Page } from 'playwright-core';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import type { TestUser } from '../support/api.js';
import { openBrowser } from '../support/browser.js';
import { Conversation } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';

/** ADMIN_SCREENSHOTS names a folder for pictures of the page, for people to look at. */
const SCREENSHOTS = process.env['ADMIN_SCREENSHOTS'];

let stack: Stack;
let browser: Browser;
let admin: TestUser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack({ BASIC_DAILY_LIMIT: '100' }), openBrowser()]);
  admin = await signUpAdministrator(stack.api);
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(30_000);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser itself writes a line for each refusal of the API.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await page.close();
});
afterAll(async () => {
  await Promise.all([browser.close(), stack.close()]);
});

const picture = async (name: string) => {
  if (SCREENSHOTS !== undefined) await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
};

async function signIn(user = admin): Promise<void> {
  await page.goto(`${stack.api.origin}/admin/ui`);
  await page.getByLabel('Username or mobile number').fill(user.username);
  await page.getByLabel('Password').fill(user.password);
  await page.keyboard.press('Enter');
}

const heading = (name: string) => page.getByRole('heading', { level: 1, name });
const go = (name: string) => page.getByRole('navigation', { name: 'Parts' }).getByRole('link', { name }).click();

test('an administrator finds a user, grants Pro, sees it in the audit log, retries a failed reply and watches it complete', async () => {
  const user = await stack.api.signUp();
  const conversation = await Conversation.start(stack.api, user.accessToken, { name: 'Kyoto' });
  await conversation.ask('Hello');
  const failed = await conversation.ask('[[error-400 x1]] Hello again');
  expect(failed.status).toBe('failed');

  await picture('0-sign-in');
  await signIn();
  await heading('Overview').waitFor();
  await page.getByRole('img', { name: 'Replies per day by outcome' }).waitFor();
  await picture('1-overview');

  await go('Users');
  await page.getByLabel('Search').fill(user.username.slice(2));
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: user.username }).click();
  await heading(user.username).waitFor();
  await page.getByRole('button', { name: 'Grant Pro' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('A tester of the page.');
  await picture('2-grant');
  await page.getByRole('dialog').getByRole('button', { name: 'Grant' }).click();
  await page.getByRole('status').getByText(`${user.username} has Pro.`).waitFor();
  await heading(`${user.username} pro`).waitFor();
  await picture('3-user');
  expect((await stack.api.get<{ plan: string }>('/user/me', { token: user.accessToken })).body.plan).toBe('pro');

  await go('Audit log');
  const entry = page.getByRole('row').filter({ hasText: 'subscription.grant' });
  await entry.getByText('A tester of the page.').waitFor();
  await entry.getByRole('link', { name: admin.username }).waitFor();
  await picture('4-audit-log');

  await go('Messages');
  await page.getByLabel('Status').selectOption('failed');
  await page.getByText('request_rejected').waitFor();
  await page.goto(`${stack.api.origin}/admin/ui#/messages?chatroom_id=${conversation.chatroomId}&role=model`);
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await picture('5-retry');
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.locator('tbody tr').first().getByText('completed').waitFor();
  await picture('6-completed');
  expect((await conversation.finished(failed.id)).status).toBe('completed');
});

test('every part opens without a complaint, dark and light, wide and narrow', async () => {
  await signIn();
  await heading('Overview').waitFor();
  for (const name of ['Users', 'Chatrooms', 'Messages', 'Subscriptions', 'Webhook events', 'Queues', 'Audit log', 'Overview']) {
    await go(name);
    await heading(name).waitFor();
    await page.getByText('Loading…').waitFor({ state: 'detached' });
    if (name === 'Queues') await page.getByRole('button', { name: 'Pause' }).first().waitFor();
    await picture(`7-${name.toLowerCase().replace(' ', '-')}`);
  }
  const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await background();
  await page.getByRole('button', { name: 'Switch theme' }).click();
  expect(await background()).not.toBe(light);
  await page.getByRole('img').first().waitFor();
  await picture('8-dark');
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  await picture('9-narrow');
});

test('a code is asked for where administrators need one, and others are not let in', async () => {
  const user = await stack.api.signUp();
  await signIn(user);
  await page.getByText('This account is not an administrator’s.').waitFor();
  // What a service that asks for codes answers; the page is the same.
  await page.route('**/auth/login', (route) =>
    route.fulfill({
      status: 401,
      contentType: 'application/problem+json',
      json: { code: 'otp_required', detail: 'A one-time code is required.', challenge_id: admin.challengeId },
    }),
  );
  const asked = page.waitForRequest('**/auth/verify-otp');
  await signIn();
  await page.getByLabel('Mobile number').fill(admin.mobileNumber);
  await page.getByLabel('Code').fill('123456');
  await page.keyboard.press('Enter');
  expect((await asked).postDataJSON()).toEqual({ mobile_number: admin.mobileNumber, otp: '123456', challenge_id: admin.challengeId });
  await page.getByRole('alert').getByText('The code is wrong').waitFor();
});

test('all is reached by the keyboard, and whoever is signed out is led to the way in', async () => {
  await signIn();
  await heading('Overview').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await heading('Users').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(admin.username);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: admin.username, exact: true }).press('Enter');
  await heading(admin.username).waitFor();
  await page.getByRole('button', { name: 'Disable account' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).press('Enter');
  await page.getByRole('alert').getByText('At least one administrator must remain.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await runSql(stack.databaseUrl, `UPDATE sessions SET ended_at = now(), expires_at = now() WHERE user_id = $1`, [admin.id]);
  await go('Messages');
  await page.getByLabel('Password').waitFor();
});

test('the keyboard stays where it was when a list is narrowed, and goes to the top of another view', async () => {
  await signIn();
  await go('Users');
  await page.getByLabel('Role').focus();
  await page.getByLabel('Role').selectOption('admin');
  await page.waitForURL('**#/users?role=admin');
  const focused = () => page.evaluate<string>('document.activeElement.name || document.activeElement.id');
  expect(await focused()).toBe('role');
  await page.getByLabel('Order').selectOption('username');
  const exported = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  expect((await exported).suggestedFilename()).toBe('users.csv');
  await page.getByRole('link', { name: admin.username, exact: true }).press('Enter');
  await heading(admin.username).waitFor();
  expect(await focused()).toBe('main');
});

test('an answer that comes late does not take the place of the view that was opened meanwhile', async () => {
  await signIn();
  await heading('Overview').waitFor();
  let answer = () => Promise.resolve();
  await page.route('**/admin/stats', (route) => {
    answer = () => route.continue();
  });
  const asked = page.waitForRequest('**/admin/stats');
  await go('Users');
  await heading('Users').waitFor();
  await go('Overview');
  await asked;
  await go('Queues');
  await heading('Queues').waitFor();
  const late = page.waitForResponse('**/admin/stats');
  await answer();
  await (await late).finished();
  // Another answer that comes after it: by then the page has dealt with the late one.
  await page.evaluate('fetch("/admin/ui/icon.svg").then((response) => response.text())');
  expect(await heading('Overview').count()).toBe(0);
});

test('a part that could not be loaded says so, and is loaded by a retry', async () => {
  await signIn();
  await heading('Overview').waitFor();
  await page.route('**/admin/queues', (route) => route.abort());
  await go('Queues');
  await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
  await page.unroute('**/admin/queues');
  await page.getByRole('button', { name: 'Retry' }).press('Enter');
  await page.getByRole('button', { name: 'Pause' }).first().waitFor();
});

test('what users wrote is not shown where the setting does not allow it, and the page says so', async () => {
  await signIn();
  await go('Messages');
  await page.getByLabel('Content').selectOption('true');
  await page.getByRole('alert').getByText('ADMIN_READS_CONTENT').waitFor();
});

test('who takes the role from their own account is led out, and told why', async () => {
  const other = await signUpAdministrator(stack.api);
  await signIn(other);
  await heading('Overview').waitFor();
  await page.goto(`${stack.api.origin}/admin/ui#/users/${other.id}`);
  await page.getByRole('button', { name: 'Remove administrator role' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove role' }).press('Enter');
  await page.getByText('The session was ended or has expired. Sign in again.').waitFor();
  await page.getByLabel('Password').waitFor();
});

test('a grant is made longer and taken back where there is one, whatever is paid for', async () => {
  const user = await stack.api.signUp();
  await runSql(
    stack.databaseUrl,
    `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until)
     VALUES (gen_random_uuid(), $1, 'sub_paid', 'active', now() + interval '9 days')`,
    [user.id],
  );
  await signIn();
  await heading('Overview').waitFor();
  await page.goto(`${stack.api.origin}/admin/ui#/users/${user.id}`);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await button('Grant Pro').click();
  await page.getByRole('dialog').getByLabel('Reason').fill('Besides.');
  await page.getByRole('dialog').getByRole('button', { name: 'Grant' }).click();
  await button('Extend grant').waitFor();
  await button('Revoke grant').click();
  await page.getByRole('dialog').getByLabel('Reason').fill('A mistake.');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await button('Grant Pro').waitFor();
  expect(await button('Revoke grant').count()).toBe(0);
  await heading(`${user.username} pro`).waitFor();
});

test('the files of the page run nothing but themselves, and are kept until they change', async () => {
  const { status, headers, body } = await stack.api.get<string>('/admin/ui/');
  expect(status).toBe(200);
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|https?:/);
  const etag = headers.get('etag') ?? '';
  for (const known of [etag, `"another", W/${etag}`])
    expect((await stack.api.get('/admin/ui', { headers: { 'if-none-match': known } })).status).toBe(304);
  for (const file of ['..%2fadmin.module.ts', 'app.ts', 'constructor', '%2e%2e/ui.controller.ts']) {
    expect((await stack.api.get(`/admin/ui/${file}`)).status).toBe(404);
  }
});
