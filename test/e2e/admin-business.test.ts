import { ForbiddenError } from '../../src/common/errors/common.errors.js';
import { CsvExportsService } from '../../src/modules/admin/csv-exports.service.js';
import { SessionEndedError } from '../../src/modules/auth/auth.errors.js';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { problem, TIME } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Page<T = { id: string; user_id: string; status: string }> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

interface StatusBody {
  readonly plan: string;
  readonly active_until: string | null;
}

let database: TestDatabase;
let api: TestApi;
let admin: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url });
  admin = await signUpAdministrator(api);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const get = async <T = Page>(path: string) => (await api.get<T>(path, { token: admin.accessToken })).body;
const post = (path: string, body?: object) =>
  api.post<StatusBody>(path, { token: admin.accessToken, ...(body === undefined ? {} : { body }) });
const auditOf = async (targetId: string) => (await get<Page<object>>(`/admin/audit-log?target_id=${targetId}`)).data;
const midnightIn = (days: number) => new Date((Math.floor(Date.now() / 86_400_000) + days + 1) * 86_400_000).toISOString();

describe('A grant', () => {
  test('gives Pro at once, once, and is noted with its reason', async () => {
    const user = await api.signUp();
    const path = `/admin/subscriptions/${user.id}/grant`;
    for (let i = 0; i < 2; i += 1) {
      expect(await post(path, { days: 10, reason: 'A tester.' })).toMatchObject({
        status: 200,
        body: { plan: 'pro', status: 'none', active_until: midnightIn(10), cancel_at_period_end: false, daily_limit: null, used_today: 0 },
      });
    }
    expect((await api.get<{ plan: string }>('/user/me', { token: user.accessToken })).body.plan).toBe('pro');
    expect(await auditOf(user.id)).toMatchObject([
      {
        action: 'subscription.grant',
        target: { type: 'user', id: user.id },
        before: null,
        after: { entitled_until: midnightIn(10), revoked_at: null },
        reason: 'A tester.',
      },
    ]);
    expect(await get(`/admin/users/${user.id}`)).toMatchObject({
      plan: 'pro',
      subscription: { plan: 'pro', active_until: midnightIn(10) },
    });
    expect(await get(`/admin/subscriptions?user_id=${user.id}`)).toEqual({
      data: [
        {
          id: expect.any(String),
          user_id: user.id,
          username: user.username,
          kind: 'grant',
          status: 'active',
          stripe_subscription_id: null,
          active_until: midnightIn(10),
          reason: 'A tester.',
          created_at: expect.stringMatching(TIME),
        },
      ],
      next_cursor: null,
    });
  });

  test('is made longer and never shorter, and taken back', async () => {
    const user = await api.signUp();
    const path = (verb: string) => `/admin/subscriptions/${user.id}/${verb}`;
    expect(await post(path('extend'), { days: 5, reason: 'More.' })).toMatchObject({
      status: 409,
      body: problem(409, 'no_grant', 'There is no grant', 'This user has no grant that could be extended.'),
    });
    await post(path('grant'), { reason: 'A gift.' });
    const until = midnightIn(60);
    for (const body of [
      { until, reason: 'More.' },
      { until, reason: 'More.' },
      { days: 1, reason: 'Less.' },
    ]) {
      expect((await post(path('extend'), body)).body.active_until).toBe(until);
    }
    for (let i = 0; i < 2; i += 1) {
      expect((await post(path('revoke'), { reason: 'A mistake.' })).body).toMatchObject({ plan: 'basic', active_until: null });
    }
    expect((await auditOf(user.id)).map((entry) => (entry as { action: string }).action)).toEqual([
      'subscription.revoke',
      'subscription.extend',
      'subscription.grant',
    ]);
    expect((await get(`/admin/subscriptions?user_id=${user.id}&status=revoked&kind=grant`)).data).toHaveLength(1);
  });

  test('wants a reason and one end that lies ahead', async () => {
    const user = await api.signUp();
    for (const body of [
      {},
      { reason: ' ' },
      { reason: 'x', days: 0 },
      { reason: 'x', days: 1, until: midnightIn(1) },
      { reason: 'x', until: '2020-01-01' },
      { reason: 'x', until: 'soon' },
      { reason: 'x', until: `${new Date().getUTCFullYear() + 1}-02-30` },
    ]) {
      expect(await post(`/admin/subscriptions/${user.id}/grant`, body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    }
    expect((await post(`/admin/subscriptions/${admin.id.replace(/^./, 'f')}/grant`, { reason: 'x' })).status).toBe(404);
    expect(await auditOf(user.id)).toEqual([]);
  });
});

test('subscriptions of Stripe and grants are one list, newest first, page by page', async () => {
  const user = await api.signUp();
  await runSql(
    database.url,
    `WITH made AS (SELECT n, overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid AS id, now() - n * interval '1 hour' AS at FROM generate_series(1, 6) n), paid AS (
       INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, created_at)
       SELECT id, $1, 'sub_' || n, CASE n WHEN 2 THEN 'active' ELSE 'canceled' END, CASE n WHEN 2 THEN now() + interval '9 days' END, at
       FROM made WHERE n % 2 = 0
     )
     INSERT INTO grants (id, user_id, entitled_until, reason, created_at)
     SELECT id, $1, at + interval '1 minute', 'test', at FROM made WHERE n % 2 = 1`,
    [user.id],
  );
  const statuses: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await get(`/admin/subscriptions?limit=2&user_id=${user.id}${cursor && `&cursor=${cursor}`}`);
    statuses.push(...page.data.map(({ status }) => status));
    cursor = page.next_cursor;
  }
  expect(statuses).toEqual(['expired', 'active', 'expired', 'canceled', 'expired', 'canceled']);
  expect((await get(`/admin/subscriptions?status=active&user_id=${user.id}`)).data).toMatchObject([{ kind: 'stripe', status: 'active' }]);
});

test('webhook events are listed and replayed, which is noted', async () => {
  const payload = { id: 'evt_1', object: 'event', data: { object: { id: 'sub_1', customer: 'cus_1' } } };
  await runSql(
    database.url,
    `INSERT INTO stripe_events (id, type, api_version, livemode, object_id, stripe_customer_id, payload, occurred_at, due_at, attempts, processed_at, outcome)
     VALUES ('evt_1', 'customer.subscription.updated', '2026-10-28.endive', false, 'sub_1', 'cus_1', $1, now(), now(), 2, now(), 'applied')`,
    [JSON.stringify(payload)],
  );
  const event = {
    id: 'evt_1',
    type: 'customer.subscription.updated',
    payload,
    attempts: 2,
    error: null,
    outcome: 'applied',
    occurred_at: expect.stringMatching(TIME),
    received_at: expect.stringMatching(TIME),
    processed_at: expect.stringMatching(TIME),
  };
  expect(await get('/admin/webhook-events?pending=false')).toEqual({ data: [event], next_cursor: null });
  const reopened = { ...event, attempts: 0, outcome: null, processed_at: null };
  expect(await post('/admin/webhook-events/evt_1/replay')).toMatchObject({ status: 202, body: reopened });
  expect(await get('/admin/webhook-events?pending=true')).toEqual({ data: [reopened], next_cursor: null });
  expect(await auditOf('evt_1')).toMatchObject([{ action: 'webhook_event.replay', target: { type: 'webhook_event', id: 'evt_1' } }]);
  for (const id of ['evt_2', '%00', 'evt_1%20'])
    expect(await post(`/admin/webhook-events/${id}/replay`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await auditOf('evt_2')).toEqual([]);
});

describe('Exports', () => {
  const lines = (csv: string) => csv.split('\r\n');
  const text = async (path: string) => {
    const answer = await api.get<string>(path, { token: admin.accessToken });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    return answer.body;
  };

  test('users are a line each, with formulas defused', async () => {
    const user = await api.signUp({ email: '=cmd@example.com' });
    const [header, row, end] = lines(await text(`/admin/users/export?q=${user.username}`));
    expect(header).toBe('id,username,email,mobile_number,is_verified,has_password,role,plan,disabled_at,created_at');
    expect(row).toMatch(
      new RegExp(`^${user.id},${user.username},'=cmd@example\\.com,'\\${user.mobileNumber},false,true,user,basic,,\\d{4}-[^,]*Z$`),
    );
    expect(end).toBe('');
    const [entry] = (await get<Page<object>>('/admin/audit-log?action=users.export&limit=1')).data;
    expect(entry).toMatchObject({ actor: { id: admin.id }, after: { filter: { searched: true } } });
  });

  test('go on past what is read at a time', async () => {
    const user = await api.signUp();
    await runSql(
      database.url,
      `WITH room AS (INSERT INTO chatrooms (id, user_id) VALUES (gen_random_uuid(), $1) RETURNING id)
       INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, role, status, content, completed_at)
       SELECT gen_random_uuid(), room.id, $1, n, 1, n, 'user', 'completed', '=1+1', now() FROM room, generate_series(1, 2345) n`,
      [user.id],
    );
    const rows = lines(await text(`/admin/messages/export?user_id=${user.id}`));
    expect(rows).toHaveLength(2_347);
    expect(new Set(rows.slice(1, -1).map((row) => row.slice(0, 36))).size).toBe(2_345);
    expect(rows.join('')).not.toContain('1+1');
    expect(await api.get(`/admin/messages/export?content=true`, { token: admin.accessToken })).toMatchObject({ status: 403 });
    expect(await api.get(`/admin/messages?content=true`, { token: admin.accessToken })).toMatchObject({ status: 403 });
  });

  test('end with the role or the session of who asked for them', async () => {
    const user = await api.signUp();
    await runSql(
      database.url,
      `WITH room AS (INSERT INTO chatrooms (id, user_id) VALUES (gen_random_uuid(), $1) RETURNING id)
       INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, role, status, content, completed_at)
       SELECT gen_random_uuid(), room.id, $1, n, 1, n, 'user', 'completed', 'Hello', now() FROM room, generate_series(1, 3000) n`,
      [user.id],
    );
    const exports = api.app.get(CsvExportsService, { strict: false });
    for (const [end, error] of [
      [`UPDATE users SET role = 'user' WHERE id = $1`, ForbiddenError],
      [`UPDATE sessions SET ended_at = now() WHERE user_id = $1`, SessionEndedError],
    ] as const) {
      const other = await signUpAdministrator(api);
      const [session] = await runSql<{ id: string }>(database.url, 'SELECT id FROM sessions WHERE user_id = $1', [other.id]);
      const by = { userId: other.id, sessionId: session?.id ?? '', client: { ip: '192.0.2.1', device: null } };
      const rows = await exports.exportMessages(by, { filter: { userId: user.id }, withContent: false });
      const read = async () => {
        for await (const chunk of rows) {
          expect(chunk).toBeDefined();
          await runSql(database.url, end, [other.id]);
        }
      };
      await expect(read()).rejects.toThrow(error);
    }
  });

  test('the audit log tells of its own export', async () => {
    const [header, row] = lines(await text('/admin/audit-log/export?action=audit_log.export'));
    expect(header).toMatch(/^id,created_at,actor_id,actor_username,action,/);
    expect(row).toContain(`${admin.id},${admin.username},audit_log.export,audit_log,,,"{""filter"":`);
  });
});
