import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { signUpAdministrator } from '../support/administrator.js';
import { type BillingStack, startBilling } from '../support/billing.js';

const COLLECTION = 'postman/gemini-chat.postman_collection.json';

interface PostmanRequest {
  readonly method: string;
  readonly url: string | { readonly path: readonly string[] };
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

interface Folder {
  readonly name: string;
  readonly item: readonly { readonly name: string; readonly request: PostmanRequest }[];
}

const folders = (JSON.parse(readFileSync(COLLECTION, 'utf8')) as { item: readonly Folder[] }).item;

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling();
});
afterAll(async () => {
  await stack.close();
});

/** Newman as its users run it: the whole collection. */
function run(variables: Record<string, string>): Promise<{ code: number; output: string }> {
  const newman = createRequire(import.meta.url).resolve('newman/bin/newman.js');
  const given = Object.entries(variables).flatMap(([key, value]) => ['--env-var', `${key}=${value}`]);
  return new Promise((resolve) => {
    execFile(process.execPath, [newman, 'run', COLLECTION, '--color', 'off', ...given], (error, stdout, stderr) => {
      resolve({ code: error ? 1 : 0, output: `${stdout}${stderr}` });
    });
  });
}

test('the whole collection runs in order, and every request is judged', async () => {
  const admin = await signUpAdministrator(stack.api);
  const { code, output } = await run({ base_url: stack.api.origin, admin_username: admin.username, admin_password: admin.password });
  expect(code === 0 ? '' : output).toBe('');
  const requests = folders.reduce((count, { item }) => count + item.length, 0);
  expect(output).toMatch(new RegExp(`requests │\\s+${requests} │\\s+0 │`));
  expect(Number(/assertions │\s+(\d+) │\s+0 │/.exec(output)?.[1])).toBeGreaterThan(requests);
});

test('a request that is refused fails the run', async () => {
  const { code, output } = await run({ base_url: stack.api.origin, admin_username: 'nobody', admin_password: 'wrong' });
  expect(code).toBe(1);
  expect(output).toMatch(/AssertionError\s+answers 200\s+expected 401 to be one of/);
});

test('the collection holds every operation of the document but endless streams', () => {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, Record<string, Operation>> };
  const isEndless = ({ responses }: Operation) =>
    Object.keys(responses[200]?.content ?? {}).join() === 'text/event-stream' && !(204 in responses);
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => (isEndless(operation) ? [] : [`${method.toUpperCase()} ${path}`])),
  );
  const requests = folders.flatMap(({ item }) =>
    item.map(({ request: { method, url } }) =>
      typeof url === 'string' ? '' : `${method} /${url.path.map((part) => part.replace(/^:(.+)/, '{$1}')).join('/')}`,
    ),
  );
  expect(requests).toEqual(expect.arrayContaining(routes));
});
