import type { Browser, BrowserContext, Page } from 'playwright-core';
import { runSql } from '../support/administrator.js';
import { newMobileNumber, newUsername, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { Conversation } from '../support/conversation.js';
import { PDF, PNG } from '../support/files.js';
import { lookAt } from '../support/look.js';
import { releaseHeldAnswers } from '../support/held-answers.js';
import { type Stack, startStack } from '../support/stack.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** CHAT_SCREENSHOTS names a folder for pictures of the page, for people to look at. */
const SCREENSHOTS = process.env['CHAT_SCREENSHOTS'];
const WIDE = { width: 1280, height: 860 };

describeInBrowser('the chat page', () => {
  let stack: Stack;
  let browser: Browser;
  let proxy: TcpProxy;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [stack, browser] = await Promise.all([
      startStack({ CHAT_UI_ENABLED: 'true', BASIC_DAILY_LIMIT: '50', GEMINI_IDLE_TIMEOUT: '4m' }),
      openBrowser(),
    ]);
    proxy = await TcpProxy.open(Number(new URL(stack.api.origin).port));
  });
  beforeEach(async () => {
    complaints = [];
    context = await browser.newContext({ viewport: WIDE });
    page = await openTab();
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await proxy.close();
    await stack.close();
  });

  async function openTab(): Promise<Page> {
    const tab = await context.newPage();
    tab.setDefaultTimeout(60_000);
    tab.on('pageerror', (error) => complaints.push(error.message));
    tab.on('console', (message) => {
      // The browser itself writes a line for each refusal of the API, for each connection that is cut, and for each
      // listener of Playwright's in the frame that allows no scripts.
      const isExpected = /^(Failed to load resource|Blocked script execution in 'about:srcdoc')/.test(message.text());
      if (message.type() === 'error' && !isExpected) complaints.push(message.text());
    });
    return tab;
  }

  const look = (name: string) => lookAt(page, name, SCREENSHOTS);
  const home = () => `http://127.0.0.1:${proxy.port}/`;
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const composer = (tab = page) => tab.getByRole('textbox', { name: 'Message', exact: true });
  const messages = (tab = page) => tab.getByRole('region', { name: 'Messages' });

  async function signIn(tab: Page, user: TestUser): Promise<void> {
    await tab.goto(home());
    await tab.getByRole('button', { name: 'Sign in', exact: true }).click();
    await tab.getByLabel('Username or mobile number').fill(user.username);
    await tab.getByLabel('Password').fill(user.password);
    await tab.keyboard.press('Enter');
    await composer(tab).waitFor();
  }

  async function ask(text: string): Promise<void> {
    await composer().fill(text);
    await page.keyboard.press('Enter');
  }

  const release = () => releaseHeldAnswers(stack.gemini.url);
  const isAnswered = () => button('Regenerate').last().waitFor();

  /** A room of a user, a new one by default, in which something was said. */
  async function openRoom(content: string, user?: TestUser): Promise<{ user: TestUser; talk: Conversation }> {
    user ??= await stack.api.signUp();
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Kyoto' });
    await signIn(page, user);
    await page.goto(`${home()}#/chat/${talk.chatroomId}`);
    await ask(content);
    return { user, talk };
  }

  test('a visitor signs up and reads an answer while it is written, after three clicks and one form', async () => {
    await page.goto(home());
    await look('1-sign-up');
    await page.getByLabel('Username').fill(newUsername());
    await page.getByLabel('Mobile number').fill(newMobileNumber());
    await page.getByLabel('Password').fill('correct horse battery');
    await button('Create account').click();
    await button('Continue').waitFor();
    await look('2-code');
    await button('Continue').click();
    await button('Explain recursion with an everyday example').waitFor();
    await look('3-new');
    await button('Explain recursion with an everyday example').click();
    await messages().getByText('You wrote: “Explain recursion with an everyday example”').waitFor();
    await isAnswered();
    await page.getByRole('navigation', { name: 'Chats' }).getByRole('link', { name: 'Explain recursion' }).waitFor();
    await page.getByText('49 of 50 left today').waitFor();
  });

  test('an answer is Markdown, and a picture in it is a link that loads nothing', async () => {
    await openRoom(
      'Show\n\n| a | b |\n|---|---|\n| **1** | `2` |\n\n```js\nconst a = 1;\n```\n\n![a picture](https://example.com/x.png)\n\n<b>markup</b>',
    );
    await isAnswered();
    const answer = messages().locator('.markdown');
    expect(await answer.locator('table strong').count()).toBe(1);
    expect(await answer.locator('pre .hljs-keyword').count()).toBeGreaterThan(0);
    expect(await answer.locator('img, b').count()).toBe(0);
    await answer.getByRole('link', { name: 'a picture' }).waitFor();
    await look('4-markdown');
  });

  test('a page that is loaded anew in the middle of an answer reads on', async () => {
    const { talk, user } = await openRoom('Hello [[hold]] [[long 600]]');
    await messages().getByText('This is a simulated answer').waitFor();
    await page.reload();
    await button('Stop').waitFor();
    await messages().getByText('This is a simulated answer').waitFor();
    await release();
    await isAnswered();
    const [reply] = (await stack.api.get<{ data: { content: string }[] }>(talk.path, { token: user.accessToken })).body.data;
    const shown = (await messages().locator('.markdown').innerText()).replace(/\s+/g, ' ');
    expect(shown.trim().endsWith(reply?.content.replace(/\s+/g, ' ').trim().slice(-60) ?? '?')).toBe(true);
  });

  test('a page whose connection is cut reads on, also with the reply that waits behind', async () => {
    const { talk } = await openRoom('One [[hold]] [[long 400]]');
    await messages().getByText('This is a simulated answer').waitFor();
    await talk.send('Two');
    await page.reload();
    await button('Stop').waitFor();
    proxy.cut();
    await release();
    await messages().getByText('You wrote: “Two”').waitFor();
    await isAnswered();
    expect(await messages().locator('.reply').count()).toBe(2);
  });

  test('an answer is stopped, and what was said stays', async () => {
    const { talk, user } = await openRoom('Hello [[hold]]');
    await messages().getByText('This is a simulated answer').waitFor();
    await look('5-streaming');
    await button('Stop').click();
    await messages().getByText('Stopped.').waitFor();
    const [reply] = (await stack.api.get<{ data: { status: string; content: string }[] }>(talk.path, { token: user.accessToken })).body
      .data;
    expect(reply?.status).toBe('cancelled');
    expect(reply?.content).toContain('This is a simulated answer');
  });

  test('a question is edited, an answer is made again, and all versions can be seen', async () => {
    await openRoom('First');
    await isAnswered();
    await button('Edit').click();
    await page.getByRole('textbox', { name: 'Edited message' }).fill('Second');
    await look('6-edit');
    await page.getByRole('textbox', { name: 'Edited message' }).press('Tab');
    await page.locator('.editing').getByRole('button', { name: 'Send' }).click();
    await messages().getByText('You wrote: “Second”').waitFor();
    await messages().getByText('2 / 2').waitFor();
    await button('Regenerate').click();
    await until('both the question and the answer have two versions', async () => (await messages().getByText('2 / 2').count()) === 2);
    await look('7-versions');
    await button('Previous version').first().click();
    await messages().getByText('You wrote: “First”').waitFor();
    expect(await messages().getByText('1 / 2').count()).toBe(1);
  });

  test('a failed answer says why, and a refused message why it is not sent', async () => {
    await openRoom('[[error-400 x1]] Hello');
    await messages().getByText('The model does not accept this conversation. It costs nothing.').waitFor();
    await look('8-failed');
    await ask('x'.repeat(32_001));
    await messages().getByText('content must be text of 1 to 32000 characters').waitFor();
    await button('Try again').waitFor();
  });

  test('two tabs share one session: its refresh token is spent once, and signing out ends both', async () => {
    const user = await stack.api.signUp();
    await signIn(page, user);
    const other = await openTab();
    await other.goto(home());
    await composer(other).waitFor();
    const refreshes: string[] = [];
    context.on('request', (request) => {
      if (request.url().endsWith('/auth/refresh')) refreshes.push(request.postData() ?? '');
    });
    await Promise.all([page.reload(), other.reload()]);
    await Promise.all([composer().waitFor(), composer(other).waitFor()]);
    await Promise.all([page, other].map((tab) => tab.getByText('50 of 50 left today').waitFor()));
    expect(refreshes.length).toBeGreaterThan(0);
    expect(new Set(refreshes).size).toBe(refreshes.length);
    const { body } = await stack.api.get<{ data: unknown[] }>('/auth/sessions', { token: user.accessToken });
    expect(body.data).toHaveLength(2);
    // The other tab learns from the API that the session has ended, before this one can say why.
    await page.route('**/auth/logout', async (route) => {
      const response = await route.fetch();
      const refused = other.waitForResponse((answer) => answer.status() === 401);
      await other.getByRole('searchbox').fill('temples');
      await refused;
      await route.fulfill({ response });
    });
    await page.locator('.account:visible').click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await Promise.all([page, other].map((tab) => tab.getByText('You are signed out.').waitFor()));
    await look('9-sign-in');
  });

  test('rooms are renamed, archived, found and deleted, by keyboard', async () => {
    await openRoom('Tell me of temples');
    await isAnswered();
    const rooms = page.getByRole('navigation', { name: 'Chats' });
    const options = async (name: string, action: string) => {
      await rooms.getByRole('button', { name: `Options of ${name}` }).press('Enter');
      await page.getByRole('menuitem', { name: action, exact: true }).press('Enter');
    };
    await options('Kyoto', 'Name and settings');
    await page.getByRole('textbox', { name: 'Name' }).fill('Temples');
    await look('10-room');
    await page.keyboard.press('Enter');
    await rooms.getByRole('link', { name: 'Temples' }).waitFor();
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('temples');
    await page.getByRole('navigation', { name: 'Found' }).getByRole('link', { name: 'Tell me of temples' }).first().waitFor();
    await look('11-search');
    await page.getByRole('searchbox', { name: 'Search chats' }).fill('');
    await options('Temples', 'Archive');
    await rooms.getByText('Your chats will be here.').waitFor();
    await button('Show archived').click();
    await options('Temples', 'Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await rooms.getByText('Nothing is archived.').waitFor();
  });

  test('settings show sessions, change the password, save the data and erase the account', async () => {
    const user = await stack.api.signUp();
    await signIn(page, user);
    await page.locator('.account:visible').click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    await page.getByText('This session').waitFor();
    await look('12-settings');
    await button('Sign out everywhere else').click();
    await until('one session is left', async () => (await page.locator('.sessions li').count()) === 1);
    await page.getByRole('tab', { name: 'Password' }).click();
    await page.getByLabel('Current password').fill(user.password);
    await page.getByLabel('New password').fill('another horse battery');
    await button('Change password').click();
    await page.getByText('Your password is changed.').waitFor();
    await page.getByRole('tab', { name: 'Your data' }).click();
    const saved = page.waitForEvent('download');
    await button('Save my data').click();
    expect((await saved).suggestedFilename()).toBe(`${user.username}.json`);
    await page.getByLabel('Password').fill('another horse battery');
    await button('Erase my account').click();
    await page.getByText('Your account is erased.').waitFor();
  });

  test('the page needs no more than 200 KB before it can be used, and every file of it is kept as long as it is the same', async () => {
    const user = await stack.api.signUp();
    let bytes = 0;
    await signIn(page, user);
    page.on('response', (response) => {
      if (response.url().startsWith(home()) && /\/$|\/assets\//.test(new URL(response.url()).pathname))
        bytes += Number(response.headers()['content-length'] ?? 0);
    });
    const session = await context.newCDPSession(page);
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    await page.reload();
    await composer().waitFor();
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(200_000);

    const html = await fetch(home());
    expect(html.headers.get('cache-control')).toBe('no-cache');
    expect(html.headers.get('content-security-policy')).toContain("script-src 'self'; style-src 'self'");
    for (const name of ['opener', 'resource']) expect(html.headers.get(`cross-origin-${name}-policy`)).toBe('same-origin');
    const path = /src="(\/assets\/[^"]+\.js)"/.exec(await html.text())?.[1] ?? '';
    const asset = await fetch(new URL(path, home()), { headers: { 'accept-encoding': 'gzip' } });
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const tag = asset.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]+-gzip"$/);
    const again = await fetch(new URL(path, home()), { headers: { 'accept-encoding': 'gzip', 'if-none-match': tag } });
    expect(again.status).toBe(304);
    expect((await fetch(new URL('/assets/no-such-file.js', home()))).status).toBe(404);
  });

  describe('without CHAT_UI_ENABLED', () => {
    let api: TestApi;
    beforeAll(async () => {
      api = await startTestApi({ DATABASE_URL: stack.databaseUrl });
    });
    afterAll(() => api.close());

    test('there is no page', async () => {
      for (const path of ['/', '/assets/index.js']) {
        const response = await fetch(new URL(path, api.origin));
        expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'not_found']);
      }
    });
  });

  test('a picture is pasted, sent, seen, seen again after a reload, opened, and dead with its room', async () => {
    const user = await stack.api.signUp();
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Pictures' });
    await signIn(page, user);
    await page.goto(`${home()}#/chat/${talk.chatroomId}`);
    await composer().focus();
    await page.evaluate(`{
    const bytes = Uint8Array.from(atob('${PNG.toString('base64')}'), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'cat.png', { type: 'image/png' }));
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }`);
    await button('Remove cat.png').waitFor();
    await look('5-file');
    await page.locator('input[type=file]').setInputFiles([
      { name: 'paper.pdf', mimeType: 'application/pdf', buffer: PDF },
      { name: 'tool.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('4d5a90000300000004000000ffff0000', 'hex') },
    ]);
    await page.getByText('The bytes of the file decide').waitFor();
    await button('Remove tool.exe').click();
    await button('Send').click();
    await isAnswered();
    const picture = messages().getByRole('img', { name: 'cat.png' });
    const isShown = () => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    await until('the picture is shown', async () => (await isShown()) === 1);
    await page.reload();
    await messages().getByRole('button', { name: 'paper.pdf' }).waitFor();
    await until('the picture is shown again', async () => (await isShown()) === 1);
    const address = (await picture.getAttribute('src')) ?? '';
    await button('Open cat.png').click();
    await page.getByRole('dialog', { name: 'cat.png' }).getByRole('img').waitFor();
    await look('6-picture');
    await button('Close').click();
    expect((await fetch(address)).status).toBe(200);
    await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
    expect((await fetch(address)).status).toBe(404);
  });

  /** A new user with Pro, for a day. */
  async function signUpPro(): Promise<TestUser> {
    const user = await stack.api.signUp();
    await runSql(
      stack.databaseUrl,
      `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '1 day', 'test')`,
      [user.id],
    );
    return user;
  }
  const search = () => button('Search the web');
  const level = () => page.getByRole('combobox', { name: 'Reasoning' });
  const isPressed = (name: string) => button(name).last().getAttribute('aria-pressed');
  /** What the model was asked last. */
  const lastRequest = async (): Promise<unknown> => {
    const { requests } = (await (await fetch(`${stack.gemini.url}/_simulator/requests`)).json()) as {
      requests: { purpose: string; body: string }[];
    };
    return JSON.parse(requests.filter(({ purpose }) => purpose === 'reply').at(-1)?.body ?? 'null');
  };
  const asked = (thinkingLevel: string) => ({ tools: [{ googleSearch: {} }], generationConfig: { thinkingConfig: { thinkingLevel } } });

  test('thoughts unfold by the keyboard while they are written, and stay with the answer', async () => {
    await openRoom('[[thinking]] [[slow 200s]] Why?', await signUpPro());
    const thoughts = messages().locator('details');
    await thoughts.getByText('Thinking…').press('Enter');
    await thoughts.locator('strong', { hasText: 'Reading the conversation' }).waitFor();
    await look('20-thinking');
    await button('Stop').click();
    await messages().getByText('Stopped.').waitFor();
    await page.reload();
    await thoughts.getByText('Thoughts', { exact: true }).press('Enter');
    await thoughts.locator('strong', { hasText: 'Reading the conversation' }).waitFor();
  });

  test('an answer that searched the web shows its sources, marks what rests on them, and suggests searches in a frame', async () => {
    const user = await signUpPro();
    const { talk } = await openRoom('Hello', user);
    await isAnswered();
    await search().click();
    await level().selectOption('low');
    await ask('What is new? 你好 👩‍💻 [[grounded 4]]\n\n```js\nconst a = 1;\n```');
    const sources = page.getByRole('complementary', { name: 'Sources' });
    const suggestion = sources.frameLocator('iframe').getByRole('link', { name: 'Simulated search suggestion' });
    for (const isReloaded of [false, true]) {
      if (isReloaded) await page.reload();
      await suggestion.waitFor();
      await until('passages are marked', async () => (await messages().locator('.marks button').count()) > 4);
      expect(await sources.getByRole('listitem').count()).toBe(4);
      expect(await messages().locator(':is(pre, a) .marks').count()).toBe(0);
    }
    expect(await lastRequest()).toMatchObject(asked('LOW'));
    const link = sources.getByRole('link', { name: /page-2/ });
    expect([await link.getAttribute('rel'), await link.getAttribute('target')]).toEqual(['noopener noreferrer', '_blank']);
    expect(await link.getAttribute('href')).toMatch(/^https:/);
    await button('Source 2: page-2.example 你好 🙂').first().press('Enter');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('page-2.example 你好 🙂');
    await look('21-sources');
    expect(await sources.locator('iframe').getAttribute('sandbox')).not.toContain('allow-scripts');
    // The page is asked, because the frame runs no scripts.
    const styleInFrame = `getComputedStyle(document.querySelector('iframe').contentDocument.querySelector('a'))`;
    expect(await page.evaluate<string>(`${styleInFrame}.borderRadius`)).toBe('16px');
    await context.route('https://www.google.com/**', (route) => route.fulfill({ body: 'found' }));
    const [tab] = await Promise.all([context.waitForEvent('page'), suggestion.press('Enter')]);
    await tab.getByText('found').waitFor();
    const [reply] = (await stack.api.get<{ data: { sources: object[] }[] }>(talk.path, { token: user.accessToken })).body.data;
    expect(reply?.sources).toHaveLength(4);
  });

  test('search and reasoning are set for a room, not offered on the Basic plan, and left out when they are refused', async () => {
    const { user, talk } = await openRoom('Hello', await signUpPro());
    await isAnswered();
    await page.getByRole('button', { name: 'Options of Kyoto' }).click();
    await page.getByRole('menuitem', { name: 'Name and settings' }).click();
    await page.getByRole('switch', { name: 'Search the web' }).check();
    await page.getByRole('dialog').getByRole('combobox', { name: 'Reasoning' }).selectOption('high');
    await look('22-room-settings');
    await button('Save').click();
    await until('the composer follows the room', async () => (await isPressed('Search the web')) === 'true');
    expect(await level().inputValue()).toBe('high');
    const { body: room } = await stack.api.get<object>(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
    expect(room).toMatchObject({ web_search: true, reasoning: 'high' });

    await level().selectOption('minimal');
    const problem = { type: 'about:blank', title: 'Refused', status: 403, code: 'not_in_plan', detail: 'The plan does not include this.' };
    await page.route('**/message', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', json: problem }), {
      times: 1,
    });
    await ask('Once more');
    await messages().getByText(problem.detail).waitFor();
    await look('23-refused');
    await button('Send without it').click();
    await until('both messages are answered', async () => (await button('Regenerate').count()) === 2);
    expect(await lastRequest()).toMatchObject(asked('HIGH'));

    await runSql(stack.databaseUrl, 'DELETE FROM grants WHERE user_id = $1', [user.id]);
    await search().waitFor({ state: 'detached' });
    expect(await level().count()).toBe(0);
  });

  test('an answer is rated with a comment, rated otherwise, and not any more, as a reload shows', async () => {
    const { user, talk } = await openRoom('Hello');
    await isAnswered();
    const feedback = async () =>
      (await stack.api.get<{ data: { feedback: object | null }[] }>(talk.path, { token: user.accessToken })).body.data[0]?.feedback;
    await button('Good answer').press('Enter');
    await button('Add a comment').click();
    await page.getByLabel('Comment').fill('x'.repeat(2_001));
    await button('Save').click();
    await page.getByRole('alert').getByText('2000').waitFor();
    await page.getByLabel('Comment').fill('Right to the point.');
    await look('24-comment');
    await button('Save').click();
    await button('Edit comment').waitFor();
    expect(await feedback()).toEqual({ rating: 'up', comment: 'Right to the point.' });
    await page.reload();
    await messages().getByText('Right to the point.').waitFor();
    expect([await isPressed('Good answer'), await isPressed('Bad answer')]).toEqual(['true', 'false']);
    await look('25-rated');
    await button('Bad answer').click();
    await until('it is rated otherwise', async () => (await isPressed('Bad answer')) === 'true');
    expect(await feedback()).toEqual({ rating: 'down', comment: null });
    await button('Bad answer').click();
    await button('Add a comment').waitFor({ state: 'detached' });
    expect(await feedback()).toBeNull();
  });
});
