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
          cancel_at_period_end: false,
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

test('a subscription that was cancelled is listed with its end', async () => {
  const user = await api.signUp();
  await runSql(
    database.url,
    `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at)
     SELECT overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid, $1, 'sub_' || status || coalesce(ends_at::text, ''), status, entitled_until, ends_at, ends_at
     FROM (VALUES ('active', now() + interval '9 days', now() + interval '8 days'), ('canceled', NULL, now() - interval '1 day')) AS s(status, entitled_until, ends_at)`,
    [user.id],
  );
  const list = await get<Page<{ status: string; cancel_at_period_end: boolean }>>(`/admin/subscriptions?username=${user.username}`);
  expect(list.data.map(({ status, cancel_at_period_end }) => [status, cancel_at_period_end]).sort()).toEqual([
    ['active', true],
    ['canceled', false],
  ]);
});

test('the audit log is filtered by the names of administrators and users, and shows them', async () => {
  const [user, other] = [await api.signUp(), await signUpAdministrator(api)];
  await post(`/admin/subscriptions/${user.id}/grant`, { days: 1, reason: 'A tester.' });
  const entry = { action: 'subscription.grant', target: { type: 'user', id: user.id, username: user.username } };
  const find = async (query: string) => (await get<Page<object>>(`/admin/audit-log?${query}`)).data;
  expect(await find(`target_username=${user.username}`)).toMatchObject([entry]);
  expect(await find(`target_username=${user.username}&actor_username=${admin.username}`)).toMatchObject([entry]);
  for (const query of [`actor_username=${other.username}`, 'actor_username=nobody.at.all', 'target_username=nobody.at.all'])
    expect(await find(query)).toEqual([]);
  await api.get(`/admin/audit-log/export?target_username=${user.username}`, { token: admin.accessToken });
  const [exported] = await find('action=audit_log.export');
  expect(exported).toMatchObject({ after: { filter: { searched: true } } });
  expect(JSON.stringify(exported)).not.toContain(user.username);
});

test('sign-ups, tokens and cost are told by day, and who costs the most', async () => {
  const [user, other] = [await api.signUp(), await api.signUp()];
  await runSql(
    database.url,
    `INSERT INTO user_model_days (user_id, day, model, messages, input_tokens, output_tokens, reasoning_tokens, cost_micros)
     SELECT user_id::uuid, '2026-01-01'::date + days, 'gemini', 2, 10, 20, 30, cost
     FROM (VALUES ($1, 0, 1000000), ($1, 1, 2000000), ($2, 1, 2500000), ($2, 2, 9000000)) AS d(user_id, days, cost)`,
    [user.id, other.id],
  );
  await runSql(
    database.url,
    `INSERT INTO model_hours (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens, cost_micros,
       first_token_counts, total_counts)
     SELECT '2026-01-01T10:00Z'::timestamptz + n * interval '1 hour', 'gemini', 'reply', 'completed', 'stop', 0, 1, 10, 20, 30, 500000,
       array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30]) FROM generate_series(0, 14) n`,
  );
  const range = 'from=2026-01-01&to=2026-01-02';
  expect(await get(`/admin/stats/users?${range}`)).toEqual({
    data: [
      { user_id: user.id, username: user.username, messages: 4, tokens: 120, searches: 0, cost_usd: 3 },
      { user_id: other.id, username: other.username, messages: 2, tokens: 60, searches: 0, cost_usd: 2.5 },
    ],
    next_cursor: null,
  });
  const stats = await get<{ days: { day: string; tokens: number; cost_usd: number }[]; sign_ups: object[] }>(`/admin/stats?${range}`);
  expect(stats.days.map(({ day, tokens, cost_usd }) => [day, tokens, cost_usd])).toEqual([
    ['2026-01-01', 840, 7],
    ['2026-01-02', 60, 0.5],
  ]);
  expect(stats.sign_ups).toEqual([
    { day: '2026-01-01', users: 0 },
    { day: '2026-01-02', users: 0 },
  ]);
  const { sign_ups: recent, users } = await get<{ sign_ups: { users: number }[]; users: { new: number } }>('/admin/stats');
  expect(recent).toHaveLength(30);
  expect(recent.reduce((sum, row) => sum + row.users, 0)).toBe(users.new);
  expect((await api.get('/admin/stats/users?from=2026-01-02&to=2026-01-01', { token: admin.accessToken })).status).toBe(400);
});

test('what needs a hand is told: the oldest reply, models, events, refunds, customers and the budget', async () => {
  const user = await api.signUp();
  const room = await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: {} });
  const sent = await api.post<{ reply: { id: string } }>(`/chatroom/${room.body.id}/message`, {
    token: user.accessToken,
    body: { content: 'Hello' },
  });
  await runSql(
    database.url,
    `INSERT INTO model_hours (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens, cost_micros,
       first_token_counts, total_counts)
     SELECT date_trunc('hour', now()), 'gemini-b', 'reply', outcome, reason, 0, count, 0, 0, 0, 250000,
       array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
     FROM (VALUES ('completed', 'stop', 3), ('failed', 'model_timeout', 2), ('retried', 'model_timeout', 5)) AS o(outcome, reason, count)`,
  );
  await runSql(
    database.url,
    `INSERT INTO model_pauses (model, paused_until) VALUES ('gemini-a', '2100-01-01T00:00Z'), ('gemini-c', now())`,
  );
  await runSql(
    database.url,
    `INSERT INTO refunds (id, payment_intent_id, stripe_customer_id, reason) VALUES (overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid, 'pi_attention', 'cus_9', 'duplicate')`,
  );
  await runSql(
    database.url,
    `INSERT INTO stripe_events (id, type, livemode, occurred_at, due_at, requested_at, attempts)
     SELECT 'evt_a' || n, 'invoice.paid', false, now(), now(), '2026-01-01T00:00Z'::timestamptz + n * interval '1 hour', n FROM generate_series(0, 1) n`,
  );
  const found = await get<{ webhook_events: object; models: { model: string }[] }>('/admin/attention');
  expect(found).toMatchObject({
    oldest_unfinished_reply: { message_id: sent.body.reply.id, user_id: user.id, username: user.username, status: 'pending' },
    owed_refunds: 1,
    budget: { limit_usd: null, resets_at: midnightIn(0) },
  });
  expect(found.models.filter(({ model }) => model.startsWith('gemini-') && model.length === 8)).toEqual([
    { model: 'gemini-a', completed: 0, failed: 0, retried: 0, paused_until: '2100-01-01T00:00:00.000Z' },
    { model: 'gemini-b', completed: 3, failed: 2, retried: 5, paused_until: null },
  ]);
  expect(found.webhook_events).toEqual({ waiting: 2, failing: 1, oldest_waiting_at: '2026-01-01T00:00:00.000Z' });
  await runSql(database.url, `DELETE FROM stripe_events WHERE id LIKE 'evt_a%'`);
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

test('events whose last attempt failed are listed by themselves', async () => {
  await runSql(
    database.url,
    `INSERT INTO stripe_events (id, type, api_version, livemode, object_id, payload, occurred_at, due_at, attempts, last_error, processed_at, outcome)
     SELECT 'evt_f' || n, 'invoice.paid', '2026-10-28.endive', false, 'in_f' || n, '{}', now(), now() + interval '1 hour', attempts, error, at, outcome
     FROM (VALUES (1, 3, 'Stripe is away', NULL::timestamptz, NULL), (2, 0, NULL, NULL, NULL), (3, 2, NULL, now(), 'applied')) AS e(n, attempts, error, at, outcome)`,
  );
  const failing = await get<Page<{ id: string; error: string }>>('/admin/webhook-events?failing=true');
  expect(failing.data).toMatchObject([{ id: 'evt_f1', attempts: 3, error: 'Stripe is away' }]);
  const others = (await get('/admin/webhook-events?failing=false')).data.map(({ id }) => id);
  expect(others).toEqual(expect.arrayContaining(['evt_f2', 'evt_f3']));
  expect(others).not.toContain('evt_f1');
  const idsOf = async (query: string) => (await get(`/admin/webhook-events?${query}`)).data.map(({ id }) => id);
  expect(await idsOf('type=invoice.paid&failing=true')).toEqual(['evt_f1']);
  expect(await idsOf('type=charge.refunded')).toEqual([]);
  expect(await idsOf('event_id=evt_f3')).toEqual(['evt_f3']);
  expect(await idsOf('event_id=evt_f3&failing=true')).toEqual([]);
  for (const query of ['type=Invoice%20paid', 'event_id=%00'])
    expect((await api.get(`/admin/webhook-events?${query}`, { token: admin.accessToken })).status).toBe(400);
});

test('revenue is told by currency and price, with tax and refunds; what concerns nobody here and what came twice is not counted', async () => {
  const invoice = (currency: string, price: string, paid: number, tax: number) => ({
    data: {
      object: {
        currency,
        amount_paid: paid,
        total_taxes: tax === 0 ? null : [{ amount: tax - 1 }, { amount: 1 }],
        // A change of price: the old one is credited.
        lines: {
          data: [
            { amount: -100, pricing: { price_details: { price: 'price_old' } } },
            { amount: paid, pricing: { price_details: { price } } },
          ],
        },
      },
    },
  });
  const refund = (currency: string, refunded: number, before: number) => ({
    data: { object: { currency, amount_refunded: refunded }, previous_attributes: { amount_refunded: before } },
  });
  const large = 9_007_199_254_740_000;
  const events = [
    ['invoice.paid', 'in_1', 'applied', invoice('usd', 'price_month', 2_000, 319)],
    ['invoice.paid', 'in_1', 'applied', invoice('usd', 'price_month', 2_000, 319)],
    ['invoice.paid', 'in_2', 'applied', invoice('usd', 'price_year', 20_000, 0)],
    ['invoice.paid', 'in_3', 'applied', invoice('eur', 'price_month', 1_900, 303)],
    ['invoice.paid', 'in_4', 'applied', invoice('jpy', 'price_month', large, 0)],
    ['invoice.paid', 'in_5', 'applied', invoice('usd', 'price_month', 0, 0)],
    ['invoice.paid', 'in_6', 'ignored', invoice('usd', 'price_other', 7_777, 0)],
    ['charge.refunded', 'ch_1', 'applied', refund('usd', 500, 0)],
    ['charge.refunded', 'ch_1', 'applied', refund('usd', 500, 0)],
    ['charge.refunded', 'ch_1', 'applied', refund('usd', 2_000, 500)],
    ['charge.refunded', 'ch_2', 'applied', refund('chf', 100, 0)],
  ] as const;
  for (const [i, [type, objectId, outcome, payload]] of events.entries()) {
    await runSql(
      database.url,
      `INSERT INTO stripe_events (id, type, api_version, livemode, object_id, stripe_customer_id, payload, occurred_at, due_at, processed_at, outcome)
       VALUES ($1, $2, '2026-10-28.endive', false, $3, 'cus_1', $4, now(), now(), now(), $5)`,
      [`evt_r${i}`, type, objectId, JSON.stringify(payload), outcome],
    );
  }
  const [{ day } = { day: '' }] = await runSql<{ day: string }>(
    database.url,
    `SELECT to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM stripe_events WHERE id = 'evt_r0'`,
  );
  expect((await get<{ revenue: object[] }>('/admin/stats')).revenue).toEqual([
    {
      currency: 'chf',
      paid: 0,
      tax: 0,
      refunded: 100,
      net: -100,
      monthly_recurring: 0,
      prices: [],
      days: [{ day, paid: 0, refunded: 100 }],
    },
    {
      currency: 'eur',
      paid: 1_900,
      tax: 303,
      refunded: 0,
      net: 1_900,
      monthly_recurring: 0,
      prices: [{ price: 'price_month', invoices: 1, paid: 1_900, tax: 303 }],
      days: [{ day, paid: 1_900, refunded: 0 }],
    },
    {
      currency: 'jpy',
      paid: large,
      tax: 0,
      refunded: 0,
      net: large,
      monthly_recurring: 0,
      prices: [{ price: 'price_month', invoices: 1, paid: large, tax: 0 }],
      days: [{ day, paid: large, refunded: 0 }],
    },
    {
      currency: 'usd',
      paid: 22_000,
      tax: 319,
      refunded: 2_000,
      net: 20_000,
      monthly_recurring: 0,
      prices: [
        { price: 'price_month', invoices: 1, paid: 2_000, tax: 319 },
        { price: 'price_year', invoices: 1, paid: 20_000, tax: 0 },
      ],
      days: [{ day, paid: 22_000, refunded: 2_000 }],
    },
  ]);
});

test('customers whose state was not read in time are listed page by page, the latest first', async () => {
  const [late, later, visitor, fine] = await Promise.all(Array.from({ length: 4 }, () => api.signUp()));
  if (!late || !later || !visitor || !fine) throw new Error('four users');
  const customer = (user: TestUser, minutes: number | null) =>
    runSql(
      database.url,
      `INSERT INTO stripe_customers (user_id, stripe_customer_id, check_at, synced_at, created_at)
       VALUES ($1, $2, now() - $3 * interval '1 minute', now() - interval '3 hours', now() - interval '1 day')`,
      [user.id, `cus_${user.username}`, minutes],
    );
  await customer(late, 11);
  await customer(later, 120);
  await customer(visitor, null);
  await customer(fine, 5);
  await runSql(
    database.url,
    `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until) VALUES (gen_random_uuid(), $1, 'sub_late', 'active', now())`,
    [later.id],
  );
  const found: { user_id: string; status: string | null }[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page<(typeof found)[number]> = await get(`/admin/subscriptions/overdue?limit=1${cursor && `&cursor=${cursor}`}`);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  expect(found).toEqual(
    [
      { user: later, status: 'active' },
      { user: late, status: null },
    ].map(({ user, status }) => ({
      user_id: user.id,
      username: user.username,
      stripe_customer_id: `cus_${user.username}`,
      status,
      synced_at: expect.stringMatching(TIME),
      due_at: expect.stringMatching(TIME),
    })),
  );
  expect(await api.get('/admin/subscriptions/overdue?cursor=x', { token: admin.accessToken })).toMatchObject({ status: 400 });
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
