import { Client } from 'pg';
import { LocalBuild, until } from '../support/local-process.js';

let build: LocalBuild;

beforeAll(() => {
  build = new LocalBuild();
});

afterAll(() => build.remove());

it('the local mode deletes what has been kept long enough, by its own schedule', async () => {
  const local = build.run('data', { RETENTION_INTERVAL: '100ms' });
  const { database } = await local.ready();
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO counters (key, count, window_ends_at) VALUES ('\\x01', 1, now() - interval '1 day'), ('\\x02', 1, now() + interval '1 day')`,
    );
    const left = async () => (await client.query<{ key: Buffer }>('SELECT key FROM counters ORDER BY key')).rows.map(({ key }) => key);
    await until(async () => (await left()).length === 1);
    expect(await left()).toEqual([Buffer.from([2])]);
  } finally {
    await client.end();
  }
  expect(await local.end('SIGTERM')).toBe(0);
});
