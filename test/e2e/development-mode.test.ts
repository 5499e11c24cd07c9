import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '../support/api.js';
import { Checkout } from '../support/checkout.js';
import { freePort } from '../support/free-port.js';
import type { ManagedProcess } from '../support/managed-process.js';
import { until } from '../support/until.js';

const START_MS = 90_000;

describe('npm run start:dev', () => {
  let checkout: Checkout;
  let development: ManagedProcess;
  let client: ApiClient;
  beforeAll(async () => {
    checkout = new Checkout();
    const port = await freePort();
    client = new ApiClient(`http://127.0.0.1:${port}`);
    development = await checkout.npm(['run', 'start:dev'], { PORT: String(port) });
  });
  afterAll(() => checkout.remove(), 60_000);

  const parts = () => development.output.filter((line) => /^PostgreSQL .* is ready on|^Simulated \w+ is at /.test(line));
  const processOfApplication = () =>
    (JSON.parse(readFileSync(join(checkout.folder, '.local', 'endpoints.json'), 'utf8')) as { readonly pid: number }).pid;
  const isServing = async () => (await client.get('/health/live').catch(() => null))?.status === 200;

  test('restarts the application after a change, while PostgreSQL and the simulators keep running; Ctrl-C ends all of it', async () => {
    await until('the application serves', isServing, START_MS);
    await until(
      'the first start is complete',
      () => development.output.some((line) => line.includes('Ctrl-C stops everything.')),
      START_MS,
    );
    expect(parts()).toHaveLength(3);
    const started = processOfApplication();

    const source = join(checkout.folder, 'src/apps/local/banner.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace('Ctrl-C stops everything.', 'This line was changed.'));
    await until('the change runs', () => development.output.some((line) => line.includes('This line was changed.')), START_MS);

    expect(await isServing()).toBe(true);
    expect(processOfApplication()).not.toBe(started);
    expect(parts()).toHaveLength(3);

    expect(await development.terminate()).toBe(0);
    expect(await isServing()).toBe(false);
  });
});
