import type { Browser, Page } from 'playwright-core';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestUser } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { Conversation } from '../support/conversation.js';
import { PNG, upload } from '../support/files.js';
import { lookAt } from '../support/look.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

/** ADMIN_SCREENSHOTS names a folder for pictures of the page, for people to look at. */
const SCREENSHOTS = process.env['ADMIN_SCREENSHOTS'];
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

describeInBrowser('the administration', () => {
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
    page = await browser.newPage({ viewport: WIDE });
    page.setDefaultTimeout(60_000);
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

  const look = (name: string) => lookAt(page, name, SCREENSHOTS);

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
    const rated = await conversation.ask('Hello once more');
    await stack.api.send('PUT', `${conversation.path}/${rated.id}/feedback`, { token: user.accessToken, body: { rating: 'up' } });
    const failed = await conversation.ask('[[error-400 x1]] Hello again');
    expect(failed.status).toBe('failed');

    await page.goto(`${stack.api.origin}/admin/ui`);
    await heading('Administration').waitFor();
    await look('0-sign-in');
    await signIn();
    await heading('Overview').waitFor();
    await page.getByRole('img', { name: 'Replies per day by outcome' }).waitFor();
    await page.getByRole('img', { name: 'Ratings of replies per day' }).waitFor();
    await page.getByRole('region', { name: 'Ratings of replies' }).getByText('100 %').waitFor();
    await look('1-overview');

    await go('Users');
    await page.getByLabel('Search').fill(user.username.slice(2));
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: user.username }).click();
    await heading(user.username).waitFor();
    await page.getByRole('button', { name: 'Grant Pro' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('A tester of the page.');
    await look('2-grant');
    await page.getByRole('dialog').getByRole('button', { name: 'Grant' }).click();
    await page.getByRole('status').getByText(`${user.username} has Pro.`).waitFor();
    await heading(`${user.username} pro`).waitFor();
    await look('3-user');
    expect((await stack.api.get<{ plan: string }>('/user/me', { token: user.accessToken })).body.plan).toBe('pro');

    await go('Audit log');
    const entry = page.getByRole('row').filter({ hasText: 'subscription.grant' });
    await entry.getByText('A tester of the page.').waitFor();
    await entry.getByRole('link', { name: admin.username }).waitFor();
    await look('4-audit-log');

    await go('Messages');
    await page.getByLabel('Status').selectOption('failed');
    await page.getByText('request_rejected').waitFor();
    await page.goto(`${stack.api.origin}/admin/ui#/messages?chatroom_id=${conversation.chatroomId}&role=model`);
    await page.getByRole('button', { name: 'Retry', exact: true }).click();
    await look('5-retry');
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('tbody tr').first().getByText('completed').waitFor();
    await look('6-completed');
    expect((await conversation.finished(failed.id)).status).toBe('completed');
  });

  test('every part opens without a complaint, and the theme is kept', async () => {
    await signIn();
    await heading('Overview').waitFor();
    for (const name of [
      'Users',
      'Chatrooms',
      'Messages',
      'Subscriptions',
      'Webhook events',
      'Refunds',
      'Overdue customers',
      'Queues',
      'Audit log',
      'Overview',
    ]) {
      await go(name);
      await heading(name).waitFor();
      await page.getByText('Loading…').waitFor({ state: 'detached' });
      if (name === 'Queues') await page.getByRole('button', { name: 'Pause' }).first().waitFor();
      await look(`7-${name.toLowerCase().replace(' ', '-')}`);
    }
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: 'Switch theme' }).click();
    expect(await background()).not.toBe(light);
    await page.reload();
    await heading('Overview').waitFor();
    expect(await background()).not.toBe(light);
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
    await signIn();
    // The field of the form before has a label that contains this one's.
    await page.getByLabel('Mobile number', { exact: true }).fill(admin.mobileNumber);
    await page.getByLabel('Code').fill('123456');
    const asked = page.waitForRequest('**/auth/verify-otp');
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
    const held: (() => Promise<void>)[] = [];
    await page.route('**/admin/stats?*', (route) => {
      held.push(() => route.continue());
    });
    await go('Users');
    await heading('Users').waitFor();
    await go('Overview');
    await until('the statistics of both periods are asked for', () => Promise.resolve(held.length === 2));
    await go('Queues');
    await heading('Queues').waitFor();
    for (const answer of held) {
      const late = page.waitForResponse('**/admin/stats?*');
      await answer();
      await (await late).finished();
    }
    // Another answer that comes after it: by then the page has dealt with the late one.
    await page.evaluate('fetch("/admin/ui").then((response) => response.text())');
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

  test('files are named and sized, replies are found by their rating, and contents and comments are shown where they may be read', async () => {
    const user = await stack.api.signUp();
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Files' });
    const { body: file } = await upload(stack.api, user.accessToken, PNG, { name: 'cat.png' });
    const { id } = await talk.ask('Look at this', { attachment_ids: [file.id] });
    await stack.api.send('PUT', `${talk.path}/${id}/feedback`, { token: user.accessToken, body: { rating: 'down', comment: 'Wrong.' } });
    await signIn();
    await go('Messages');
    await page.getByLabel('Rating').selectOption('down');
    await until('one reply is left', async () => (await page.locator('tbody tr').count()) === 1);
    await page.locator('tbody .badge', { hasText: 'down' }).waitFor();
    const messages = `admin/ui#/messages?chatroom_id=${talk.chatroomId}`;
    await page.goto(`${stack.api.origin}/${messages}`);
    await page.getByRole('list', { name: 'Files' }).getByText('cat.png').waitFor();
    expect(await page.getByRole('button', { name: 'cat.png' }).count()).toBe(0);
    expect(await page.getByText('Wrong.').count()).toBe(0);
    const exportRatings = async () => {
      await go('Overview');
      await page.getByRole('button', { name: 'Export JSON Lines' }).click();
    };
    await exportRatings();
    await page.getByRole('status').getByText('ADMIN_READS_CONTENT').waitFor();

    const open = await startTestApi({ DATABASE_URL: stack.databaseUrl, ADMIN_READS_CONTENT: 'true' });
    try {
      await page.goto(`${open.origin}/${messages}`);
      await page.getByLabel('Username or mobile number').fill(admin.username);
      await page.getByLabel('Password').fill(admin.password);
      await page.keyboard.press('Enter');
      await page.getByRole('list', { name: 'Files' }).waitFor();
      await page.getByLabel('Content').selectOption('true');
      await page.locator('.detail').getByText('Wrong.').waitFor();
      await look('8-contents');
      const tab = page.context().waitForEvent('page');
      await page.getByRole('button', { name: 'cat.png' }).click();
      const picture = await tab;
      await picture.waitForURL(/\/file\//);
      expect(await picture.title()).toMatch(/cat\.png|1×1/);
      await picture.close();
      const exported = page.waitForEvent('download');
      await exportRatings();
      expect((await exported).suggestedFilename()).toBe('feedback.jsonl');
    } finally {
      await open.close();
    }
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

  test('the overview says what needs a hand and leads there, and compares periods', async () => {
    await runSql(
      stack.databaseUrl,
      `WITH event AS (
       INSERT INTO stripe_events (id, type, livemode, object_id, occurred_at, due_at, requested_at, attempts, last_error)
       VALUES ('evt_failing', 'invoice.paid', false, 'in_1', now(), now() + interval '1 day', now() - interval '3 hours', 4, 'Stripe was away')
     ), paid AS (
       INSERT INTO stripe_events (id, type, livemode, object_id, payload, occurred_at, due_at, processed_at, outcome)
       VALUES ('evt_paid', 'invoice.paid', false, 'in_2', $1, now(), now(), now(), 'applied')
     ), refund AS (
       INSERT INTO refunds (id, payment_intent_id, stripe_customer_id, reason, attempts, last_error, due_at)
       VALUES (overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid, 'pi_owed', 'cus_1', 'duplicate', 2, 'charge_disputed', now() + interval '1 day')
     )
     INSERT INTO model_pauses (model, paused_until) VALUES ('gemini-asleep', now() + interval '1 hour')`,
      [
        JSON.stringify({
          data: {
            object: {
              currency: 'eur',
              amount_paid: 1_900,
              total_taxes: [{ amount: 303 }],
              lines: { data: [{ amount: 1_900, pricing: { price_details: { price: 'price_month' } } }] },
            },
          },
        }),
      ],
    );
    const { accessToken: token } = await signUpAdministrator(stack.api);
    expect((await stack.api.post('/admin/queues/digests/pause', { token })).status).toBe(200);
    await signIn();
    const hand = page.locator('.attention');
    await hand.getByRole('link', { name: 'The queue digests is paused' }).waitFor();
    await hand.getByText('gemini-asleep is paused until').waitFor();
    await hand.getByRole('link', { name: '1 waiting event, the oldest for 3 hours.' }).waitFor();
    await page.getByRole('img', { name: 'Revenue and refunds per day in EUR' }).waitFor();
    await page.getByRole('region', { name: 'Revenue by currency and price' }).getByText('price_month').waitFor();
    await look('10-overview');
    await page.getByRole('navigation', { name: 'Period' }).getByRole('link', { name: '7 days' }).click();
    await page.waitForURL('**#/overview?days=7');
    await page.getByText('Replies per day in numbers').click();
    await until(
      'a row for each day',
      async () => (await page.getByRole('region', { name: 'Replies per day in numbers' }).locator('tbody tr').count()) === 7,
    );
    await hand.getByRole('link', { name: '1 failing event, tried again later.' }).click();
    await page.getByText('Stripe was away').waitFor();
    await page.getByLabel('Type').fill('charge.refunded');
    await page.keyboard.press('Enter');
    await page.getByText('No events were found.').waitFor();
    await page.goBack();
    await page.getByText('Stripe was away').waitFor();
    await page.setViewportSize(PHONE);
    // What lies outside of the screen sideways would not be in sight.
    const replay = await page.getByRole('button', { name: 'Replay' }).boundingBox();
    expect((replay?.x ?? 999) + (replay?.width ?? 999)).toBeLessThanOrEqual(PHONE.width);
    await page.setViewportSize(WIDE);
    await page.goto(`${stack.api.origin}/admin/ui#/refunds?status=owed`);
    await page.getByText('charge_disputed').waitFor();
    await look('11-refunds');
    expect((await stack.api.post('/admin/queues/digests/resume', { token })).status).toBe(200);
  });

  test('a list is narrowed by a name, tells what it shows, and comes back to the same page', async () => {
    const user = await stack.api.signUp();
    await runSql(
      stack.databaseUrl,
      `INSERT INTO chatrooms (id, user_id, created_at)
     SELECT ('019ab3f2-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1, now() FROM generate_series(1, 45) n`,
      [user.id],
    );
    await signIn();
    await go('Chatrooms');
    await page.getByLabel('User').fill(user.username);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**#/chatrooms?username=${user.username}`);
    await page.getByRole('status').getByText('20 rows shown.').waitFor();
    const next = page.getByRole('button', { name: 'Next' });
    const shows = async (first: string) => page.locator('tbody tr').first().locator(`code[title$="${first}"]`).waitFor();
    await shows('045');
    await next.click();
    await shows('025');
    await next.click();
    await shows('005');
    await page.getByRole('status').getByText('5 rows shown.').waitFor();
    await page.getByRole('button', { name: 'Previous' }).click();
    await shows('025');
    await page.getByRole('link', { name: user.username }).first().click();
    await heading(user.username).waitFor();
    await page.goBack();
    await shows('025');
    await page.reload();
    await shows('025');
    await page.getByRole('button', { name: 'Previous' }).click();
    await shows('045');
  });

  test('a subscription that was cancelled says when it ends, and Stripe is asked about one user', async () => {
    const user = await stack.api.signUp();
    await runSql(
      stack.databaseUrl,
      `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at)
     VALUES (overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid, $1, 'sub_ending', 'active', now() + interval '9 days', now() + interval '8 days', now() + interval '8 days')`,
      [user.id],
    );
    await signIn();
    await heading('Overview').waitFor();
    await page.goto(`${stack.api.origin}/admin/ui#/subscriptions?username=${user.username}`);
    await page.getByText('ends on').waitFor();
    await page.getByRole('link', { name: user.username }).click();
    await page.getByText('ends on').waitFor();
    await page.getByRole('button', { name: 'Read from Stripe' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Read', exact: true }).click();
    await page.getByRole('status').getByText('Stripe was asked').waitFor();
    await look('12-ends');
  });

  test('the files of the page run nothing but themselves, and are kept until they change', async () => {
    const { status, headers, body } = await stack.api.get<string>('/admin/ui/');
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    for (const name of ['opener', 'resource']) expect(headers.get(`cross-origin-${name}-policy`)).toBe('same-origin');
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|https?:/);
    const etag = headers.get('etag') ?? '';
    for (const known of [etag, `"another", W/${etag}`])
      expect((await stack.api.get('/admin/ui', { headers: { 'if-none-match': known } })).status).toBe(304);
    for (const file of ['..%2fadmin.module.ts', 'app.ts', 'constructor', '%2e%2e/ui.controller.ts']) {
      expect((await stack.api.get(`/admin/ui/${file}`)).status).toBe(404);
    }
  });
});
