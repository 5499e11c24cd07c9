import { Client } from 'pg';
import { PERSONAL_DATA } from '../../src/apps/api/personal-data.js';
import { RETENTION_RULES } from '../../src/apps/worker/retention/retention-rules.js';
import { CHATROOM_EXPORT } from '../../src/modules/chatrooms/index.js';
import { MESSAGE_EXPORT } from '../../src/modules/messages/index.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** Tables that belong to a user and are not exported, each with the reason. */
const NOT_EXPORTED: Readonly<Record<string, string>> = {
  attachment_tokens: 'Figures of a worker. The files that they count are exported.',
  attachments: 'ExportService writes them with their bytes.',
  customer_updates: 'A task of the worker. What it is about is in the user.',
  users: 'ExportService writes the user as GET /user/me answers it.',
};

/** Tables that name a person without a foreign key: retention rules delete their rows. */
const WITHOUT_FOREIGN_KEY: Readonly<Record<string, string>> = {
  audit_log: 'It is append-only, and outlasts the account. Its fields say nothing about a person.',
  customer_closures: 'It outlasts the account, because Stripe goes on sending events about the customer.',
  refunds: 'A refund may be owed to somebody whose account is gone. Its fields are ids of Stripe.',
  stripe_events: 'Events may come before their customer and after it. A trigger deletes the payload with the customer.',
};

/** Columns that name a person where no foreign key does. */
const PERSONAL_COLUMNS = ['user_id', 'actor_id', 'mobile_number', 'stripe_customer_id'];

interface Reference {
  readonly from: string;
  readonly to: string;
  readonly is_cascade: boolean;
}

let database: TestDatabase;
let client: Client;
let references: Reference[];

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
  ({ rows: references } = await client.query<Reference>(
    `SELECT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to", confdeltype = 'c' AS is_cascade
     FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
  ));
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** The tables with rows that refer to a user, themselves or through other tables. */
function tablesOfUsers(followed: readonly Reference[]): Set<string> {
  const tables = new Set(['users']);
  for (let size = 0; size < tables.size;) {
    size = tables.size;
    for (const { from, to } of followed) if (tables.has(to)) tables.add(from);
  }
  return tables;
}

const personalTables = async (): Promise<string[]> =>
  (
    await client.query<{ name: string }>(
      `SELECT DISTINCT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = ANY ($1)`,
      [PERSONAL_COLUMNS],
    )
  ).rows.map(({ name }) => name);

test('a table whose rows refer to a user is exported, or is an exception with a reason', () => {
  const exported = [...PERSONAL_DATA.flatMap(({ tables }) => tables), ...CHATROOM_EXPORT.tables, ...MESSAGE_EXPORT.tables];
  const tables = tablesOfUsers(references);
  // The test would find nothing if the references were not read.
  expect([...tables]).toEqual(expect.arrayContaining(['sessions', 'chatrooms', 'messages', 'digests']));
  expect([...tables].filter((table) => !exported.includes(table) && !(table in NOT_EXPORTED))).toEqual([]);
  expect(Object.keys(NOT_EXPORTED).filter((table) => exported.includes(table) || !tables.has(table))).toEqual([]);
});

test('a row that refers to a user is deleted with the user', () => {
  const deleted = tablesOfUsers(references.filter(({ is_cascade: isCascade }) => isCascade));
  expect([...tablesOfUsers(references)].filter((table) => !deleted.has(table))).toEqual([]);
});

test('a row that names a person without a foreign key is deleted by a retention rule', async () => {
  const referring = tablesOfUsers(references);
  const others = (await personalTables()).filter((table) => !referring.has(table));
  expect(others.sort()).toEqual(Object.keys(WITHOUT_FOREIGN_KEY));
  const retained = RETENTION_RULES.map(({ table }) => table);
  expect(others.filter((table) => !retained.includes(table))).toEqual([]);
});

test('no two parts of the export have the same name', () => {
  const names = PERSONAL_DATA.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
