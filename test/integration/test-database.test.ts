import { Client } from 'pg';
import { createTestDatabase, type TemplateDatabase } from '../support/test-database.js';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

it('keeps commits synchronous, as in production', async () => {
  const database = await createTestDatabase();
  expect(await query(database.url, "SELECT current_setting('synchronous_commit') AS setting")).toEqual([{ setting: 'on' }]);
  await database.drop();
});

it('gives every caller an empty database of its own, and drops it with its sessions', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await query(one.url, 'CREATE TABLE only_in_one ()');
  expect(await query(two.url, "SELECT to_regclass('only_in_one') AS found")).toEqual([{ found: null }]);

  const open = new Client({ connectionString: one.url });
  const ended = new Promise<string>((resolve) => {
    open.on('error', (error) => {
      resolve(error.message);
    });
  });
  await open.connect();
  await Promise.all([one.drop(), two.drop()]);
  expect(await ended).toBe('terminating connection due to administrator command');
  await expect(query(one.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
});

it('prepares a template once for all who come at the same time, and anew after a failure', async () => {
  let attempts = 0;
  const template: TemplateDatabase = {
    name: 'prepared_once',
    prepare: async (url) => {
      attempts += 1;
      await query(url, 'CREATE TABLE prepared AS SELECT 7 AS answer');
      if (attempts === 1) throw new Error('the first try fails half-way');
    },
  };
  await expect(createTestDatabase(template)).rejects.toThrow('the first try fails half-way');

  const databases = await Promise.all(Array.from({ length: 5 }, () => createTestDatabase(template)));
  expect(attempts).toBe(2);
  const rows = await Promise.all(databases.map(({ url }) => query(url, 'SELECT answer FROM prepared')));
  expect(rows).toEqual(databases.map(() => [{ answer: 7 }]));
  await Promise.all(databases.map((database) => database.drop()));
});
