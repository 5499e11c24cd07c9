import type { Browser, BrowserContext, Page } from 'playwright-core';
import { runSql } from '../support/administrator.js';
import type { TestUser } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

describeInBrowser('the chat page with live events', () => {
  let stack: Stack;
  let browser: Browser;
  let contexts: BrowserContext[];
  let complaints: string[];
  let user: TestUser;

  beforeAll(async () => {
    [stack, browser] = await Promise.all([startStack({ CHAT_UI_ENABLED: 'true', BASIC_DAILY_LIMIT: '50' }), openBrowser()]);
  });
  beforeEach(async () => {
    [contexts, complaints] = [[], []];
    user = await stack.api.signUp();
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    for (const context of contexts) await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await stack.close();
  });

  /** A browser of its own, which shares nothing with the others, signed in as the user. */
  async function signIn(): Promise<Page> {
    const context = await browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
    const open = page.waitForResponse((response) => response.url().endsWith('/user/me/events'));
    await page.goto(stack.api.origin);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Username or mobile number').fill(user.username);
    await page.getByLabel('Password').fill(user.password);
    await page.keyboard.press('Enter');
    await composer(page).waitFor();
    await open;
    return page;
  }

  const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
  const messages = (page: Page) => page.getByRole('region', { name: 'Messages' });
  const rooms = (page: Page) => page.getByRole('navigation', { name: 'Chats' });

  async function tellSimulator(what: 'hold' | 'release'): Promise<void> {
    expect((await fetch(`${stack.gemini.url}/_simulator/${what}`, { method: 'POST' })).status).toBe(200);
  }

  async function ask(page: Page, text: string): Promise<void> {
    await composer(page).fill(text);
    await page.keyboard.press('Enter');
  }

  /** Notes when each text is first seen in the page, by the clock of this machine, which the database has, too. */
  const watchFor = (page: Page, texts: readonly string[]) =>
    page.evaluate(`{
    const seen = (window.seen = {});
    const look = () => {
      for (const text of ${JSON.stringify(texts)}) if (!(text in seen) && document.body.innerText.includes(text)) seen[text] = Date.now();
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  }`);
  const seenIn = (page: Page) => page.evaluate<Record<string, number>>('window.seen');

  test('a message sent in one browser appears, is answered and titled in another one, which asks for nothing in turn', async () => {
    const [one, other] = [await signIn(), await signIn()];
    await ask(one, 'Hello there');
    await rooms(other).getByRole('link', { name: 'Hello there' }).click();
    await messages(other).getByText('You wrote: “Hello there”').waitFor();
    await other.getByRole('button', { name: 'Regenerate' }).waitFor();

    await watchFor(other, ['Tell me more', 'You wrote: “Tell me more', '48 of 50 left today']);
    await tellSimulator('hold');
    await ask(one, 'Tell me more');
    await other.getByText('48 of 50 left today').waitFor();
    await other.getByRole('button', { name: 'Stop' }).waitFor();
    await tellSimulator('release');
    await messages(other).getByText('You wrote: “Tell me more').waitFor();
    for (const page of [one, other]) {
      await until('both answers are complete', async () => (await page.getByRole('button', { name: 'Regenerate' }).count()) === 2);
    }
    expect(await messages(other).innerText()).toBe(await messages(one).innerText());

    const [row] = await runSql<{ committed: Date; first: Date }>(
      stack.databaseUrl,
      `SELECT m.created_at AS committed, r.first_token_at AS first FROM messages m JOIN messages r ON r.parent_id = m.id WHERE m.content LIKE 'Tell me more%'`,
    );
    const seen = await seenIn(other);
    console.info(
      `in the other browser: the message ${(seen['Tell me more'] ?? 0) - Number(row?.committed)} ms after its commit, ` +
        `the answer ${(seen['You wrote: “Tell me more'] ?? 0) - Number(row?.first)} ms after its first token`,
    );
  });

  test('a room is renamed, archived and deleted, and a plan granted, in one browser or elsewhere, and another one shows it', async () => {
    const [one, other] = [await signIn(), await signIn()];
    const create = async (name: string) =>
      (await stack.api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: { name } })).body.id;
    const [kept, archived, deleted] = [await create('Kept'), await create('Archived'), await create('Deleted')];
    for (const page of [one, other]) await rooms(page).getByRole('link', { name: 'Deleted' }).waitFor();
    await rooms(other).getByRole('link', { name: 'Deleted' }).click();
    await composer(other).waitFor();
    await stack.api.patch(`/chatroom/${kept}`, { token: user.accessToken, body: { name: 'Renamed' } });
    await stack.api.patch(`/chatroom/${archived}`, { token: user.accessToken, body: { archived: true } });
    await stack.api.delete(`/chatroom/${deleted}`, { token: user.accessToken });
    for (const page of [one, other]) {
      await rooms(page).getByRole('link', { name: 'Renamed' }).waitFor();
      for (const name of ['Archived', 'Deleted']) await rooms(page).getByRole('link', { name }).waitFor({ state: 'detached' });
    }
    await other.getByText('This chat was deleted.').waitFor();
    await runSql(
      stack.databaseUrl,
      `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '1 day', 'test')`,
      [user.id],
    );
    for (const page of [one, other]) await page.getByText('50 of 50 left today').waitFor({ state: 'detached' });
  });

  test('a session that is ended in one browser signs the other one out, without a click', async () => {
    const [one, other] = [await signIn(), await signIn()];
    await stack.api.delete('/auth/sessions', { token: user.accessToken });
    for (const page of [one, other]) await page.getByRole('button', { name: 'Create account', exact: true }).waitFor();
  });
});
