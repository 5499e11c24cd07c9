import { writeFileSync } from 'node:fs';
import { Client } from 'pg';
import { runSql, signUpAdministrator } from '../../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../../support/api.js';
import { fillWithMessages } from '../../support/many-rows.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

/** ADMIN_ROWS=1000000 gives the lists their full size, and PostgreSQL chooses the plans without a hint. */
const FULL_SIZE = process.env['ADMIN_ROWS'];
const MESSAGES = Number(FULL_SIZE ?? 40_000);
/** Where to write how long each answer took. */
const TIMES = process.env['ADMIN_TIMES'];

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: Plan[];
}

/** PostgreSQL reads the few pages of a smaller table, whatever indexes it has. */
const LARGE = 1_000;

let database: TestDatabase;
let api: TestApi;
let admin: TestUser;
let large: Set<string>;
let ids: { user: string; room: string; late: string; entry: string };

beforeAll(async () => {
  database = await createTestDatabase();
  await fillWithMessages(database.url, MESSAGES);
  api = await startTestApi({ DATABASE_URL: database.url });
  admin = await signUpAdministrator(api);
  const tables = await runSql<{ relname: string }>(
    database.url,
    `SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > ${LARGE}`,
  );
  large = new Set(tables.map(({ relname }) => relname));
  const [row] = await runSql<typeof ids>(
    database.url,
    `SELECT m.user_id AS "user", m.chatroom_id AS room, m.created_at AS late, a.target_id AS entry
     FROM (SELECT * FROM messages ORDER BY created_at OFFSET ${Math.floor(MESSAGES / 3)} LIMIT 1) m, (SELECT target_id FROM audit_log LIMIT 1) a`,
  );
  if (!row) throw new Error('nothing was made');
  ids = { ...row, late: new Date(row.late).toISOString() };
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** The statements that an answer takes, with their values. */
async function statementsOf(work: () => Promise<unknown>): Promise<{ text: string; values: unknown[] }[]> {
  const statements: { text: string; values: unknown[] }[] = [];
  const original = Reflect.get(Client.prototype, 'query') as (...args: unknown[]) => unknown;
  const spy = jest.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
    // Named statements come as one object, those of TypeORM as a text and its values.
    const [first, values] = args as [{ text: string; values: unknown[] } | string, unknown];
    if (typeof first === 'object') statements.push({ text: first.text, values: first.values });
    else if (/^\s*(?:SELECT|WITH)\b/.test(first)) statements.push({ text: first, values: Array.isArray(values) ? values : [] });
    return original.apply(this, args);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return statements;
}

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

/** PostgreSQL prefers to read all of a few thousand rows, so that sequential scans are off at the small size. */
async function planOf({ text, values }: { text: string; values: unknown[] }): Promise<Plan[]> {
  const url = new URL(database.url);
  if (FULL_SIZE === undefined) url.searchParams.set('options', '-c enable_seqscan=off');
  const rows = await runSql<{ 'QUERY PLAN': { Plan: Plan }[] }>(url.href, `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
  const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
  if (!plan) throw new Error('EXPLAIN answers one plan');
  return nodes(plan);
}

const ask = async <T = { data: object[]; next_cursor: string | null }>(path: string) => {
  const { status, body } = await api.get<T>(path, { token: admin.accessToken });
  expect(status).toBe(200);
  return body;
};

const times: string[] = [];

async function time(path: string): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    const begin = performance.now();
    await ask(path);
    took.push(performance.now() - begin);
  }
  const median = took.sort((a, b) => a - b)[3] ?? 0;
  const shown = path
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/cursor=[\w-]+/, 'cursor=…')
    .replace(ids.late, 'TIME');
  times.push(`| \`GET ${shown}\` | ${median.toFixed(1)} |`);
}

const LISTS: readonly (() => string)[] = [
  () => '/admin/users?',
  () => '/admin/users?sort=created_at',
  () => '/admin/users?sort=username',
  () => '/admin/users?q=person_77777',
  () => '/admin/users?q=person',
  () => '/admin/users?q=nobody%20at%20all',
  () => '/admin/users?role=admin',
  () => '/admin/users?disabled=true',
  () => '/admin/users?verified=false',
  () => '/admin/chatrooms?',
  () => `/admin/chatrooms?user_id=${ids.user}`,
  () => '/admin/chatrooms?username=person_7',
  () => '/admin/messages?',
  () => '/admin/messages?username=person_7',
  () => '/admin/messages?username=nobody&status=failed',
  () => '/admin/messages?status=failed',
  () => '/admin/messages?status=blocked',
  () => '/admin/messages?status=pending',
  () => `/admin/messages?user_id=${ids.user}`,
  () => `/admin/messages?user_id=${ids.user}&status=failed`,
  () => `/admin/messages?chatroom_id=${ids.room}`,
  () => `/admin/messages?to=${ids.late}`,
  () => '/admin/messages?rating=down',
  () => `/admin/messages?rating=down&chatroom_id=${ids.room}`,
  () => '/admin/subscriptions?',
  () => '/admin/subscriptions?status=active&kind=stripe',
  () => `/admin/subscriptions?user_id=${ids.user}`,
  () => '/admin/subscriptions?username=person_7',
  () => '/admin/subscriptions/overdue?',
  () => '/admin/webhook-events?',
  () => '/admin/webhook-events?type=charge.refunded',
  () => '/admin/webhook-events?event_id=evt_7',
  () => '/admin/audit-log?',
  () => '/admin/audit-log?action=user.update',
  () => `/admin/audit-log?target_id=${ids.entry}`,
  () => `/admin/audit-log?actor_id=${ids.user}`,
  () => '/admin/audit-log?actor_username=person_7',
  () => '/admin/audit-log?target_username=person_7',
];

test.each(LISTS.map((path, i) => [i, path] as const))('list %d is read from an index, its first page and a later one', async (_, path) => {
  const first = await ask(path());
  const pages = [path(), ...(first.next_cursor === null ? [] : [`${path()}&cursor=${first.next_cursor}`])];
  for (const page of pages) {
    for (const statement of await statementsOf(() => ask(page))) {
      for (const node of await planOf(statement)) {
        const what = `${page}: ${node['Node Type']} on ${node['Relation Name'] ?? node['Index Name'] ?? ''}`;
        if (large.has(node['Relation Name'] ?? '')) expect([what, node['Node Type']]).not.toEqual([what, 'Seq Scan']);
        // A page reads a few times the rows that it shows, however many there are.
        const read = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
        expect([what, read < 500]).toEqual([what, true]);
      }
    }
    if (TIMES !== undefined) await time(page);
  }
});

test('those on Pro are found among all, and the rest too', async () => {
  for (const plan of ['pro', 'basic']) {
    expect((await ask(`/admin/users?plan=${plan}`)).data).toHaveLength(20);
    if (TIMES !== undefined) await time(`/admin/users?plan=${plan}`);
  }
});

test('the figures do not look at a message, and are exact', async () => {
  const statements = await statementsOf(() => ask('/admin/stats'));
  for (const statement of statements.filter(({ text }) => !/\bINSERT\b/.test(text))) {
    for (const node of await planOf(statement)) {
      expect(node['Relation Name']).not.toBe('messages');
      if (node['Relation Name'] === 'usage_days') expect(node['Node Type']).not.toBe('Seq Scan');
    }
  }
  const stats = await ask<{ messages: number; users: { total: number }; active_users: { users: number }[] }>('/admin/stats');
  const [counted] = await runSql<{ users: number; messages: number; active: number }>(
    database.url,
    `SELECT (SELECT count(*)::integer FROM users) AS users,
       (SELECT sum(count)::integer FROM model_hours WHERE outcome = 'accepted' AND hour >= (now() AT TIME ZONE 'UTC')::date - 29) AS messages,
       (SELECT count(*)::integer FROM usage_days WHERE day = (now() AT TIME ZONE 'UTC')::date - 5) AS active`,
  );
  expect({ users: stats.users.total, messages: stats.messages, active: stats.active_users.at(-6)?.users }).toEqual(counted);
  if (TIMES !== undefined) {
    await time('/admin/stats');
    writeFileSync(TIMES, `| ${MESSAGES} messages | median of 7, ms |\n|---|---|\n${times.join('\n')}\n`);
  }
});
