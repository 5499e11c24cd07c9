import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = readFileSync('docs/billing.md', 'utf8');
const [, service = '', setup = ''] = /\n## A restricted key\n([^]*?)\n`npm run stripe:setup` needs ([^]*?)\n## /.exec(page) ?? [];

/** The calls of the SDK in a file, such as `checkout.sessions.create`. */
const callsIn = (path: string): string[] => [
  ...new Set([...readFileSync(path, 'utf8').matchAll(/\.sdk\.([\w.]+)\(/g)].map(([, call = '']) => call)),
];
const missing = (calls: readonly string[], table: string) => calls.filter((call) => !table.includes(`\`${call}\``));

test('the permissions of a restricted key cover every call of the service', () => {
  const folder = 'src/integrations/stripe';
  const files = readdirSync(folder).filter((file) => /\.(?:client|connection)\.ts$/.test(file));
  const calls = files.flatMap((file) => callsIn(join(folder, file)));
  expect(calls.length).toBeGreaterThan(15);
  expect(missing(calls, service)).toEqual([]);
});

test('the permissions of a key for the setup cover every call of the setup', () => {
  const calls = callsIn('src/integrations/stripe/stripe-setup.ts');
  expect(calls.length).toBeGreaterThan(10);
  expect(missing(calls, setup)).toEqual([]);
});
