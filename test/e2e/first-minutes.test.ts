import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from '../support/accessibility.js';
import { newMobileNumber } from '../support/api.js';
import { describeInBrowser, openBrowser } from '../support/browser.js';
import { Checkout } from '../support/checkout.js';
import { freePort } from '../support/free-port.js';
import type { ManagedProcess } from '../support/managed-process.js';
import { until } from '../support/until.js';

/*
 * What a new user does after `npm install`, in a checkout where nothing is built. Both commands run without a setting,
 * but for ports that are free on this machine: Chromium reaches them under the usual ones.
 */

/** PICTURES names the folder for the pictures of README: `npm run pictures`. */
const PICTURES = process.env['PICTURES'];
/** FIRST_MINUTES_SCREENSHOTS names a folder for a picture of each step, for people to look at. */
const SCREENSHOTS = process.env['FIRST_MINUTES_SCREENSHOTS'];
const LARGEST_PICTURE = 300_000;
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const START_MS = 240_000;
const PASSWORD = 'correct horse battery';

describeInBrowser('the first minutes', () => {
  let checkout: Checkout;
  let backend: ManagedProcess;
  let browser: Browser;
  let devPort: number;

  beforeAll(async () => {
    checkout = new Checkout();
    const [port, dev] = [await freePort(), await freePort()];
    devPort = dev;
    backend = await checkout.npm(['start'], { PORT: String(port) });
    browser = await openBrowser([`--host-resolver-rules=MAP localhost:3000 127.0.0.1:${port},MAP 127.0.0.1:3000 127.0.0.1:${port}`]);
    await until('npm start is complete', () => backend.output.some((line) => line.includes('Ctrl-C stops everything.')), START_MS);
  }, START_MS);
  afterAll(async () => {
    await browser.close();
    await checkout.remove();
  });

  /** A picture of README, which must be small enough to be committed. */
  async function picture(page: Page, name: string): Promise<void> {
    const png = await page.screenshot({ animations: 'disabled' });
    expect(png.byteLength).toBeLessThan(LARGEST_PICTURE);
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    writeFileSync(join(PICTURES, `${name}.png`), png);
  }

  /** A step as it is seen on both sizes of screens, and by axe. */
  async function look(page: Page, name: string): Promise<void> {
    for (const viewport of [PHONE, WIDE]) {
      await page.setViewportSize(viewport);
      if (SCREENSHOTS !== undefined) await page.screenshot({ path: `${SCREENSHOTS}/${name}-${viewport.width}.png` });
    }
    expect(await accessibilityProblems(page)).toEqual([]);
  }

  async function fillSignUp(page: Page, username: string): Promise<void> {
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Mobile number').fill(newMobileNumber());
    await page.getByLabel('Password').fill(PASSWORD);
  }

  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const isAnswered = (page: Page) => button(page, 'Regenerate').last().waitFor();

  test('from npm start to a streamed answer it takes three clicks and one form', async () => {
    const page = await browser.newPage({ viewport: WIDE });
    page.setDefaultTimeout(60_000);
    const clicks: string[] = [];
    await page.exposeFunction('clicked', (text: string) => clicks.push(text));
    await page.addInitScript(`addEventListener('click', ({ target }) => clicked(target.innerText), true)`);
    await page.goto('http://127.0.0.1:3000/');
    await look(page, '1-sign-up');
    await fillSignUp(page, 'ada');
    await button(page, 'Create account').click();
    await button(page, 'Continue').waitFor();
    await look(page, '2-code');
    await button(page, 'Continue').click();
    await button(page, 'Plan two calm days in Kyoto with children').waitFor();
    await look(page, '3-ideas');
    await button(page, 'Plan two calm days in Kyoto with children').click();
    await page.getByText('This is a simulated answer').waitFor();
    expect(clicks).toEqual(['Create account', 'Continue', 'Plan two calm days in Kyoto with children']);
    await isAnswered(page);
    await look(page, '4-answer');
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('And if it rains?');
    await page.keyboard.press('Enter');
    await page.getByText('You wrote: “And if it rains?”').waitFor();
    await button(page, 'Regenerate').nth(1).waitFor();
    await picture(page, 'chat');
    await page.close();
  });

  test('the administration opens with the password that npm start printed', async () => {
    const password = /username admin, password (\S+)/.exec(backend.output.join('\n'))?.[1] ?? 'none';
    const page = await browser.newPage({ viewport: WIDE });
    page.setDefaultTimeout(60_000);
    await page.goto('http://127.0.0.1:3000/admin/ui');
    await page.getByLabel('Username or mobile number').fill('admin');
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.locator('canvas').first().waitFor();
    await page.waitForLoadState('networkidle');
    await picture(page, 'administration');
    await look(page, '5-administration');
    await page.close();
  });

  test("Vite's dev server talks to npm start without a setting", async () => {
    await checkout.npm(['run', 'dev', '--', '--port', String(devPort), '--strictPort']);
    await until('Vite answers', async () => (await fetch(`http://localhost:${devPort}/`).catch(() => null))?.ok === true, START_MS);
    const page = await browser.newPage({ viewport: WIDE });
    page.setDefaultTimeout(60_000);
    const called = new Set<string>();
    page.on('response', (response) => called.add(new URL(response.url()).origin));
    await page.goto(`http://localhost:${devPort}/`);
    await fillSignUp(page, 'grace');
    await button(page, 'Create account').click();
    await button(page, 'Continue').click();
    await button(page, 'Explain recursion with an everyday example').click();
    await page.getByText('This is a simulated answer').waitFor();
    await isAnswered(page);
    expect([...called].sort()).toEqual(['http://localhost:3000', `http://localhost:${devPort}`].sort());
    await page.close();
  });
});
