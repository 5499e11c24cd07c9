import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../src/database/migrate.js';

export interface TestDatabase {
  readonly url: string;
  /** Ends its sessions and deletes it. */
  drop(): Promise<void>;
}

/** A database that is prepared once per test run and then copied. */
export interface TemplateDatabase {
  readonly name: string;
  /** Fills the empty database at this URL; leaves no session open. */
  prepare(url: string): Promise<void>;
}

/** With the tables of this release. */
const MIGRATED: TemplateDatabase = {
  name: 'migrated',
  prepare: async (url) => {
    await migrate(url);
  },
};

/** A new database of the run's server, by default one with the tables of this release; empty for null. */
export async function createTestDatabase(template: TemplateDatabase | null = MIGRATED): Promise<TestDatabase> {
  const name = databaseName(randomBytes(6).toString('hex'));
  await asAdmin(async (client) => {
    const source = template ? await prepareTemplate(client, template) : 'template0';
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${source}`);
  });
  return {
    url: urlOf(name),
    drop: () =>
      asAdmin(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/**
 * Made by whoever comes first, the others wait. It is marked as a template when it is ready, so one that was left
 * half-way is made anew.
 */
async function prepareTemplate(client: Client, template: TemplateDatabase): Promise<string> {
  const name = databaseName(`template_${template.name}`);
  await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
  try {
    const { rows } = await client.query<{ datistemplate: boolean }>('SELECT datistemplate FROM pg_database WHERE datname = $1', [name]);
    if (rows[0]?.datistemplate !== true) {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
      await template.prepare(urlOf(name));
      await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [name]);
  }
  return name;
}

async function asAdmin(work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const adminUrl = () => required('TEST_POSTGRES_URL');

/**
 * Every database of a run begins with the run's name, by which they are found and dropped on a server that is not ours.
 */
const databaseName = (suffix: string) => `${required('TEST_RUN')}_${suffix}`;

function urlOf(database: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  return url.href;
}

function required(name: 'TEST_POSTGRES_URL' | 'TEST_RUN'): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: is test/support/global-setup.ts the globalSetup of this Jest project?`);
  return value;
}
