import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PRO_ANNUAL_PRICE_ID } from '../../simulators/stripe/objects/catalogue.js';
import { openStripe, type StripeWorld } from '../support/stripe-simulator.js';

const run = promisify(execFile);
const WEBHOOK = 'https://api.example.com/webhook/stripe';
const AMOUNTS = ['--monthly', 'usd:2000,eur:1900', '--annual', 'usd:20000,eur:19000'];

let world: StripeWorld;
beforeEach(async () => {
  world = await openStripe();
  // An account in which nothing was set up: the simulator sells Pro from its start.
  await world.stripe.prices.update(PRO_ANNUAL_PRICE_ID, { lookup_key: '', active: false });
});
afterEach(() => world.stop());

const setUp = async (...args: string[]): Promise<string> => {
  const env = { ...process.env, NODE_ENV: 'production', STRIPE_SECRET_KEY: 'sk_test_simulated1234', STRIPE_BASE_URL: world.url };
  const { stdout } = await run(process.execPath, ['dist/src/apps/cli/stripe-setup.js', ...args], { env });
  return stdout;
};
const outcomesOf = (stdout: string) =>
  [...stdout.matchAll(/^(created|changed|unchanged|differs) +(\S+ [^\s:]+)/gm)].map(([, how, what]) => [what, how]);
const prices = async () =>
  (await world.stripe.prices.list({ lookup_keys: ['pro_monthly', 'pro_annual'], expand: ['data.currency_options'] })).data;
const counts = async () => ({
  prices: (await world.stripe.prices.list({ limit: 100 })).data.length,
  portals: (await world.stripe.billingPortal.configurations.list({ limit: 100 })).data.length,
  endpoints: (await world.stripe.webhookEndpoints.list({ limit: 100 })).data.length,
});

test('a first run creates everything and prints the settings; a second one changes nothing, and has no secret', async () => {
  const before = await counts();
  const first = await setUp(...AMOUNTS, '--webhook-url', WEBHOOK, '--name', 'Pro plan');
  expect(first).toMatch(/^Account acct_\w+ .*in test mode$/m);
  expect(outcomesOf(first)).toEqual([
    ['product gemini_chat_pro', 'created'],
    ['price pro_monthly', 'created'],
    ['price pro_annual', 'created'],
    ['portal configuration', 'created'],
    ['webhook endpoint', 'created'],
  ]);
  const [settings = ''] = /Settings:\n[^]*/.exec(first) ?? [];
  expect(settings).toMatch(
    /^Settings:\nSTRIPE_PRICES=monthly=pro_monthly,annual=pro_annual\nSTRIPE_PORTAL_CONFIGURATION=bpc_\w+\nSTRIPE_WEBHOOK_SECRET=whsec_\w+\n$/,
  );
  expect(await counts()).toEqual({ prices: before.prices + 2, portals: before.portals + 1, endpoints: before.endpoints + 1 });

  expect(await world.stripe.products.retrieve('gemini_chat_pro')).toMatchObject({ name: 'Pro plan', active: true });
  const sold = new Map((await prices()).map((price) => [price.lookup_key, price]));
  expect(sold.get('pro_annual')).toMatchObject({
    product: 'gemini_chat_pro',
    currency: 'usd',
    unit_amount: 20_000,
    recurring: { interval: 'year', interval_count: 1 },
    currency_options: { eur: { unit_amount: 19_000 } },
  });
  const endpoint = (await world.stripe.webhookEndpoints.list({ limit: 100 })).data.find(({ url }) => url === WEBHOOK);
  expect(endpoint?.api_version).toBe('2026-10-28.endive');
  expect(endpoint?.enabled_events).toContain('customer.subscription.updated');
  expect(endpoint?.enabled_events).not.toContain('*');

  const second = await setUp(...AMOUNTS, '--webhook-url', WEBHOOK, '--name', 'Pro plan');
  expect(new Set(outcomesOf(second).map(([, how]) => how))).toEqual(new Set(['unchanged']));
  expect(second).not.toContain('STRIPE_WEBHOOK_SECRET=');
  expect(await setUp('--webhook-url', WEBHOOK)).toBe(second);
  expect(await counts()).toEqual({ prices: before.prices + 2, portals: before.portals + 1, endpoints: before.endpoints + 1 });
});

test('what was changed meanwhile is corrected, and other amounts make a new price under the same lookup key', async () => {
  await setUp(...AMOUNTS, '--webhook-url', WEBHOOK);
  const monthly = (await prices()).find(({ lookup_key: key }) => key === 'pro_monthly');
  const [portal] = (await world.stripe.billingPortal.configurations.list({ active: true })).data.filter(
    ({ metadata }) => metadata?.['created_by'] === 'gemini-chat',
  );
  const endpoint = (await world.stripe.webhookEndpoints.list({ limit: 100 })).data.find(({ url }) => url === WEBHOOK);
  await world.stripe.products.update('gemini_chat_pro', { active: false });
  await world.stripe.billingPortal.configurations.update(portal?.id ?? '', { features: { subscription_cancel: { enabled: false } } });
  await world.stripe.webhookEndpoints.update(endpoint?.id ?? '', { enabled_events: ['charge.refunded'], disabled: true });

  const corrected = await setUp('--monthly', 'usd:2500', '--webhook-url', WEBHOOK);
  expect(outcomesOf(corrected)).toEqual([
    ['product gemini_chat_pro', 'changed'],
    ['price pro_monthly', 'changed'],
    ['price pro_annual', 'unchanged'],
    ['portal configuration', 'changed'],
    ['webhook endpoint', 'changed'],
  ]);
  expect(corrected).toContain(`it replaces ${monthly?.id ?? ''}, which those who have it go on paying`);
  expect((await prices()).find(({ lookup_key: key }) => key === 'pro_monthly')).toMatchObject({
    unit_amount: 2_500,
    product: 'gemini_chat_pro',
  });
  expect(await world.stripe.prices.retrieve(monthly?.id ?? '')).toMatchObject({ active: true, unit_amount: 2_000, lookup_key: null });
  expect(await world.stripe.billingPortal.configurations.retrieve(portal?.id ?? '')).toMatchObject({
    features: { subscription_cancel: { enabled: true, mode: 'at_period_end' } },
  });
  const fixed = await world.stripe.webhookEndpoints.retrieve(endpoint?.id ?? '');
  expect(fixed.status).toBe('enabled');
  expect(fixed.enabled_events.length).toBeGreaterThan(10);
  expect(new Set(outcomesOf(await setUp('--webhook-url', WEBHOOK)).map(([, how]) => how))).toEqual(new Set(['unchanged']));
});

test('wrong arguments, a wrong key and missing amounts end with one message that says what to do', async () => {
  const failure = (...args: string[]) =>
    setUp(...args).then(
      () => null,
      (error: unknown) => (error as { stderr: string }).stderr,
    );
  expect(await failure('--colour', 'red')).toMatch(/^Usage: npm run stripe:setup/);
  expect(await failure('--monthly', 'twenty')).toMatch(/^--monthly takes amounts such as usd:2000,eur:1900, and not twenty\n/);
  expect(await failure('--monthly', 'usd:2000,usd:1')).toBe('--monthly names a currency twice\n');
  expect(await failure()).toMatch(/^Stripe has no price of Pro yet: give --monthly, --annual or both\./);
  const env = { ...process.env, STRIPE_SECRET_KEY: 'sk_live_ofnobody', STRIPE_BASE_URL: world.url };
  await expect(run(process.execPath, ['dist/src/apps/cli/stripe-setup.js', ...AMOUNTS], { env })).rejects.toMatchObject({
    stderr: expect.stringMatching(/^Stripe refused or cannot be reached: Invalid API Key provided/) as string,
  });
});
