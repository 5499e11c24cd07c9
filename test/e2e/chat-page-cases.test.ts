import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { TestUser } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { chatroomDocument } from '../support/chatroom-document.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

describeInBrowser('cases of the chat page', () => {
  let stack: Stack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let user: TestUser;

  beforeAll(async () => {
    [stack, browser] = await Promise.all([
      startStack({ CHAT_UI_ENABLED: 'true', BASIC_DAILY_LIMIT: '50' }),
      openBrowser(['--host-resolver-rules=MAP chat.test 127.0.0.1']),
    ]);
  });
  beforeEach(async () => {
    complaints = [];
    user = await stack.api.signUp();
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await stack.close();
  });

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const composer = () => page.getByRole('textbox', { name: 'Message', exact: true });
  const messages = () => page.getByRole('region', { name: 'Messages' });
  const rooms = () => page.getByRole('navigation', { name: 'Chats' });

  async function signIn(path = '', origin = stack.api.origin): Promise<void> {
    await page.goto(`${origin}/${path}`);
    await button('Sign in').click();
    await page.getByLabel('Username or mobile number').fill(user.username);
    await page.getByLabel('Password').fill(user.password);
    await page.keyboard.press('Enter');
    await composer().waitFor();
  }

  async function ask(text: string): Promise<void> {
    await composer().fill(text);
    await page.keyboard.press('Enter');
  }

  /** A room with questions and answers that are stored already. */
  async function importRoom(turns: number): Promise<string> {
    const texts = Array.from({ length: turns }, (_, i) => [`Question ${i + 1}.`, `Answer ${i + 1}.`]).flat();
    const { body } = await stack.api.post<{ id: string }>('/chatroom/import', { token: user.accessToken, body: chatroomDocument(texts) });
    return body.id;
  }

  const shownQuestions = async () =>
    (await messages().locator('.message.user .bubble').allInnerTexts()).map((text) => text.replace(/^You:\s*/, '').trim());
  const questions = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `Question ${from + i}.`);

  describe('earlier messages', () => {
    test('stay, each once and in order, when a new message is answered', async () => {
      const id = await importRoom(15);
      await signIn(`#/chat/${id}`);
      await button('Show earlier messages').click();
      await until('all are shown', async () => (await shownQuestions()).length === 15);
      // The room is loaded anew when the answer is complete.
      const loaded = page.waitForResponse((response) => response.url().endsWith(`/chatroom/${id}`));
      await ask('One more');
      await (await loaded).finished();
      await messages().getByText('You wrote: “One more”').waitFor();
      expect(await shownQuestions()).toEqual([...questions(1, 15), 'One more']);
    });

    test('are edited like the newest ones', async () => {
      await signIn(`#/chat/${await importRoom(15)}`);
      await button('Show earlier messages').click();
      const second = messages().locator('.message.user').filter({ hasText: 'Question 2.' });
      await second.getByRole('button', { name: 'Edit' }).click();
      await page.getByRole('textbox', { name: 'Edited message' }).fill('Another question');
      await page.locator('.editing').getByRole('button', { name: 'Send' }).click();
      await messages().getByText('You wrote: “Another question”').waitFor();
      await messages().getByText('2 / 2').waitFor();
      expect(await shownQuestions()).toEqual(['Question 1.', 'Another question']);
    });
  });

  test('the list of chats keeps all that are shown when one changes', async () => {
    const { accessToken: token } = user;
    const ids: string[] = [];
    for (let i = 0; i < 120; i += 1)
      ids.push((await stack.api.post<{ id: string }>('/chatroom', { token, body: { name: `Room ${i}` } })).body.id);
    await signIn();
    const count = () => rooms().getByRole('link').count();
    for (const shown of [50, 100]) {
      await until(`${shown} rooms are shown`, async () => (await count()) === shown);
      await button('Show more').click();
    }
    await until('all rooms are shown', async () => (await count()) === 120);
    await stack.api.patch(`/chatroom/${ids[0] ?? ''}`, { token, body: { name: 'Renamed' } });
    await rooms().getByRole('link', { name: 'Renamed' }).waitFor();
    expect(await count()).toBe(120);
  });

  describe('a message that is being written', () => {
    test('stays when its room cannot be created, and begins it at the next try', async () => {
      await signIn();
      await page.route('**/chatroom', (route) => route.abort(), { times: 1 });
      await ask('Hello there');
      await page.getByText('The server cannot be reached.').waitFor();
      expect(await composer().inputValue()).toBe('Hello there');
      await composer().press('Enter');
      await messages().getByText('You wrote: “Hello there”').waitFor();
      expect(await composer().inputValue()).toBe('');
    });

    test('outlives a reload, in its room, until it is sent or its user signs out', async () => {
      const id = await importRoom(1);
      await signIn();
      await composer().fill('For a new room');
      await page.goto(`${stack.api.origin}/#/chat/${id}`);
      await messages().waitFor();
      expect(await composer().inputValue()).toBe('');
      await composer().fill('For this room');
      await page.reload();
      await messages().waitFor();
      expect(await composer().inputValue()).toBe('For this room');
      await composer().press('Enter');
      await messages().getByText('You wrote: “For this room”').waitFor();
      await page.reload();
      await messages().waitFor();
      expect(await composer().inputValue()).toBe('');
      await page.goto(`${stack.api.origin}/#/`);
      await page.getByRole('heading', { name: 'What is on your mind' }).waitFor();
      expect(await composer().inputValue()).toBe('For a new room');
      await page.locator('.account:visible').click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByText('You are signed out.').waitFor();
      expect(await page.evaluate('Object.keys(sessionStorage)')).toEqual([]);
    });
  });

  test('over plain HTTP from another machine the page signs in, stays signed in, sends, and says that it cannot copy', async () => {
    await signIn('', `http://chat.test:${new URL(stack.api.origin).port}`);
    expect(await page.evaluate('isSecureContext')).toBe(false);
    await page.reload();
    await ask('Hello there');
    await messages().getByText('You wrote: “Hello there”').waitFor();
    await button('Copy').click();
    await page.getByText('Your browser lets pages copy over HTTPS only.').waitFor();
  });

  test('a hidden tab keeps no connection for live events, and shows what it missed when it is visible', async () => {
    const isOfEvents = (request: { url(): string }) => request.url().endsWith('/user/me/events');
    const opened = page.waitForResponse(isOfEvents);
    await signIn();
    await opened;
    const become = (state: 'hidden' | 'visible') =>
      page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
    const create = (name: string) => stack.api.post('/chatroom', { token: user.accessToken, body: { name } });
    const closed = page.waitForEvent('requestfailed', isOfEvents);
    await become('hidden');
    await closed;
    await create('Meanwhile');
    await become('visible');
    await rooms().getByRole('link', { name: 'Meanwhile' }).waitFor();
  });

  test('a notice can be read while a dialog is open', async () => {
    await signIn();
    await page.locator('.account:visible').click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    await page.getByRole('dialog').waitFor();
    const isInert = (selector: string) =>
      page.evaluate<boolean>(`document.querySelector('${selector}').closest('[inert], [aria-hidden="true"]') !== null`);
    expect([await isInert('main'), await isInert('.notices')]).toEqual([true, false]);
  });

  test.each([
    ['Settings', '**/auth/sessions?*', 'This session'],
    ['Your plan', '**/plans', 'Answers that search the web'],
  ])('the dialog %s says what could not be loaded, and loads it again', async (item, url, text) => {
    await signIn();
    await page.route(url, (route) => route.abort(), { times: 1 });
    await page.locator('.account:visible').click();
    await page.getByRole('menuitem', { name: item }).click();
    await page.getByRole('dialog').getByText('The server cannot be reached.').waitFor();
    await button('Retry').click();
    await page.getByRole('dialog').getByText(text).waitFor();
    expect(await page.getByRole('dialog').getByText('The server cannot be reached.').count()).toBe(0);
  });

  test('footnotes lead to those of their own answer, and the chat stays', async () => {
    const id = await importRoom(1);
    await signIn(`#/chat/${id}`);
    for (const note of ['First note', 'Second note']) {
      await ask(`Show\n\nA claim.[^1]\n\n[^1]: ${note}\n\nThe end`);
      await messages().locator('.footnotes').getByText(note).waitFor();
    }
    const ids = await page.evaluate<string[]>(`[...document.querySelectorAll('[aria-label="Messages"] [id]')].map(({ id }) => id)`);
    expect(ids.length).toBeGreaterThan(3);
    expect(new Set(ids).size).toBe(ids.length);
    const mark = messages().locator('.message.reply').last().locator('sup a').first();
    const markId = await mark.getAttribute('id');
    await mark.click();
    expect(await page.evaluate(`document.activeElement.getAttribute('href')`)).toBe(`#${markId ?? ''}`);
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe(markId);
    expect([context.pages().length, new URL(page.url()).hash]).toEqual([1, `#/chat/${id}`]);
  });
});
