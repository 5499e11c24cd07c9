import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../support/accessibility.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

describeInBrowser('Swagger’s page', () => {
  let database: TestDatabase;
  let api: TestApi;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    database = await createTestDatabase();
    [api, browser] = await Promise.all([startTestApi({ DATABASE_URL: database.url }), openBrowser()]);
    page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.setDefaultTimeout(60_000);
  });
  afterAll(async () => {
    await browser.close();
    await api.close();
    await database.drop();
  });

  /** Opens an operation and executes it as it is offered, or with another body. @returns the answer's status */
  async function execute(id: string, body?: object): Promise<string> {
    const operation = page.locator(`.opblock[id$="-${id}"]`);
    await operation.locator('.opblock-summary-control').click();
    if (body) await operation.locator('textarea').fill(JSON.stringify(body));
    await operation.getByRole('button', { name: 'Execute' }).click();
    return operation.locator('.live-responses-table .response-col_status').last().innerText();
  }

  test('leads through the first conversation, and a sign-in on the page signs its other requests in, also after a reload', async () => {
    const user = await api.signUp();
    await page.goto(`${api.origin}/docs`);
    await page.getByRole('heading', { level: 1, name: /^Gemini chat backend/ }).waitFor();
    const steps = page.locator('.information-container ol li');
    expect((await steps.allInnerTexts()).map((text) => /(POST|GET) \S+/.exec(text)?.[0])).toEqual([
      'POST /auth/signup',
      'POST /auth/login',
      'POST /chatroom',
      'POST /chatroom/{chatroom_id}/message',
      'GET /chatroom/{chatroom_id}/message/{message_id}',
    ]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      // The rest of the page is Swagger UI's own.
      expect(await accessibilityProblems(page, '.information-container .description')).toEqual([]);
    }
    expect(await execute('getMe')).toMatch(/^401/);
    expect(await execute('logIn', { identifier: user.username, password: user.password })).toMatch(/^200/);
    expect(await execute('createChatroom')).toMatch(/^201/);
    await page.reload();
    expect(await execute('getMe')).toMatch(/^200/);
  });
});
