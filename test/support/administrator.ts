import { Client } from 'pg';
import type { TestApi, TestUser } from './api.js';

/** Runs one statement on a test's database. */
export async function runSql<Row>(databaseUrl: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows as Row[];
  } finally {
    await client.end();
  }
}

/** An account that is an administrator. */
export async function signUpAdministrator(api: TestApi): Promise<TestUser> {
  const user = await api.signUp();
  await runSql(api.config.DATABASE_URL ?? '', `UPDATE users SET role = 'admin', verified_at = now() WHERE id = $1`, [user.id]);
  return user;
}
