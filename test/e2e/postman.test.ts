import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PRO_PRICE_ID } from '../../simulators/stripe/objects/catalogue.js';
import { signUpAdministrator } from '../support/administrator.js';
import { type Stack, startStack } from '../support/stack.js';
import { openStripe, type StripeWorld } from '../support/stripe-simulator.js';

const COLLECTION = 'postman/gemini-chat.postman_collection.json';
const ENVIRONMENT = 'postman/local.postman_environment.json';

interface Item {
  readonly name: string;
  readonly item?: Item[];
}

let stripe: StripeWorld;
let stack: Stack;

beforeAll(async () => {
  stripe = await openStripe({ running: true });
  stack = await startStack({
    STRIPE_SECRET_KEY: 'sk_test_local',
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_PRICE_PRO_ID: PRO_PRICE_ID,
    STRIPE_BASE_URL: stripe.url,
  });
});
afterAll(async () => {
  await stack.close();
  await stripe.stop();
});

/** Newman as its users run it. */
function run(variables: Record<string, string>): Promise<{ code: number; output: string }> {
  const newman = createRequire(import.meta.url).resolve('newman/bin/newman.js');
  const given = Object.entries(variables).flatMap(([key, value]) => ['--env-var', `${key}=${value}`]);
  const options = ['--folder', 'Walkthrough', '--ignore-redirects', '--bail', '--color', 'off', ...given];
  return new Promise((resolve) => {
    execFile(process.execPath, [newman, 'run', COLLECTION, '-e', ENVIRONMENT, ...options], (error, stdout, stderr) => {
      resolve({ code: error ? 1 : 0, output: `${stdout}${stderr}` });
    });
  });
}

test('the walkthrough signs up, chats, subscribes and administrates in one run', async () => {
  const admin = await signUpAdministrator(stack.api);
  const { code, output } = await run({ base_url: stack.api.origin, admin_username: admin.username, admin_password: admin.password });
  expect(code === 0 ? '' : output).toBe('');
  expect(output).toMatch(/assertions[^\n]*│\s+[3-9]\d │\s+0 │/);
});

test('the collection holds every operation of the document besides', () => {
  const { item: folders } = JSON.parse(readFileSync(COLLECTION, 'utf8')) as { item: Item[] };
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, Record<string, { summary: string }>> };
  const summaries = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ summary }) => summary));
  const [walkthrough, ...reference] = folders;
  expect(walkthrough?.name).toBe('Walkthrough');
  expect(reference.flatMap(({ item = [] }) => item.map(({ name }) => name)).sort()).toEqual(summaries.sort());
});
