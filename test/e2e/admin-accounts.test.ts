import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { holdTransaction } from '../support/held-transaction.js';
import { ID, INVALID_OTP, problem, SESSION_ENDED, TIME } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface AccountBody {
  readonly id: string;
  readonly username: string;
  readonly role: string;
  readonly disabled: boolean;
}

interface Page<T> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

interface EntryBody {
  readonly action: string;
  readonly actor: { id: string; username: string };
  readonly target: { type: string; id: string };
  readonly before: object;
  readonly after: object;
}

const LAST_ADMINISTRATOR = problem(
  409,
  'last_administrator',
  'The account is the last administrator',
  'At least one administrator must remain. Make another account an administrator first.',
);

const UNVERIFIED = problem(
  409,
  'mobile_number_unverified',
  'The mobile number is not verified',
  'Only an account with a verified mobile number can be made an administrator.',
);

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

const get = async <T>(path: string) => (await api.get<T>(path, { token: admin.accessToken })).body;
const patch = (userId: string, body: object, by = admin) =>
  api.patch<AccountBody>(`/admin/users/${userId}`, { token: by.accessToken, body });
const me = (token: string) => api.get('/user/me', { token });
/** The user with a new session. */
const signInAgain = async (user: TestUser): Promise<TestUser> => {
  const { body } = await api.post<{ access_token: string }>('/auth/login', {
    body: { identifier: user.username, password: user.password },
  });
  return { ...user, accessToken: body.access_token };
};
const signUpVerified = async (): Promise<TestUser> => {
  const user = await api.signUp();
  const code = { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId };
  expect((await api.post('/auth/verify-otp', { body: code })).status).toBe(200);
  return user;
};
const idsOf = ({ data }: Page<AccountBody>) => data.map(({ id }) => id);
const entriesOf = async (targetId: string) => (await get<Page<EntryBody>>(`/admin/audit-log?target_id=${targetId}`)).data;

describe('The list of users', () => {
  test('finds by any part of a name, number or e-mail address, and by the whole id', async () => {
    const user = await api.signUp({ username: 'grace.hopper_1906', mobileNumber: '+919123450906', email: 'admiral@navy.example' });
    for (const q of ['HOPPER', 'grace.', '23450906', 'navy.ex', user.id, user.id.toUpperCase()]) {
      expect(idsOf(await get(`/admin/users?q=${encodeURIComponent(q)}`))).toEqual([user.id]);
    }
    for (const q of ['hopper%', 'h_pper', 'nobody has this'])
      expect(idsOf(await get(`/admin/users?q=${encodeURIComponent(q)}`))).toEqual([]);
  });

  test('filters by role, plan, number and whether the account is disabled', async () => {
    const [plain, verified, pro, disabled] = await Promise.all([api.signUp(), api.signUp(), api.signUp(), api.signUp()]);
    await runSql(database.url, `UPDATE users SET verified_at = now() WHERE id = $1`, [verified.id]);
    await runSql(
      database.url,
      `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '1 day', 'a test')`,
      [pro.id],
    );
    await patch(disabled.id, { disabled: true });
    const found = async (filter: string) => {
      const ids = idsOf(await get(`/admin/users?limit=100&${filter}`));
      return [plain, verified, pro, disabled, admin].map(({ id }) => ids.includes(id));
    };
    expect(await found('role=admin')).toEqual([false, false, false, false, true]);
    expect(await found('role=user&disabled=false')).toEqual([true, true, true, false, false]);
    expect(await found('disabled=true')).toEqual([false, false, false, true, false]);
    expect(await found('verified=true')).toEqual([false, true, false, false, true]);
    expect(await found('verified=false&plan=basic')).toEqual([true, false, false, true, false]);
    expect(await found('plan=pro')).toEqual([false, false, true, false, false]);
  });

  test.each(['created_at', '-created_at', 'username', '-username'])('sorted by %s, goes on where the page before ended', async (sort) => {
    const column = sort.replace('-', '');
    const direction = sort.startsWith('-') ? 'DESC' : 'ASC';
    const rows = await runSql<{ id: string }>(
      database.url,
      `SELECT id FROM users ORDER BY ${column}${column === 'username' ? '' : ` ${direction}, id`} ${direction}`,
    );
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Page<AccountBody> = await get(`/admin/users?sort=${sort}&limit=2${cursor && `&cursor=${cursor}`}`);
      ids.push(...idsOf(page));
      cursor = page.next_cursor;
    }
    expect(ids).toEqual(rows.map(({ id }) => id));
  });

  test('refuses a cursor of another order, and filters that it does not know', async () => {
    const { next_cursor } = await get<Page<AccountBody>>('/admin/users?limit=1&sort=username');
    const unreadable = Buffer.from('["a\\u0000"]').toString('base64url');
    for (const query of [
      `cursor=${String(next_cursor)}`,
      `sort=username&cursor=${unreadable}`,
      'role=owner',
      'verified=maybe',
      'sort=age',
      'page=2',
    ]) {
      expect(await api.get(`/admin/users?${query}`, { token: admin.accessToken })).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      });
    }
  });
});

test('the details of a user show usage, rooms and sessions', async () => {
  const user = await api.signUp({ email: 'someone@example.com' });
  await api.post('/chatroom', { token: user.accessToken, body: {} });
  await runSql(
    database.url,
    `INSERT INTO usage_days (user_id, day, messages) SELECT $1, (now() AT TIME ZONE 'UTC')::date - n, n + 2 FROM (VALUES (0), (29), (30)) AS days (n)`,
    [user.id],
  );
  const { status, body } = await api.get(`/admin/users/${user.id}`, { token: admin.accessToken });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: user.id,
    username: user.username,
    email: 'someone@example.com',
    mobile_number: user.mobileNumber,
    is_verified: false,
    has_password: true,
    role: 'user',
    plan: 'basic',
    created_at: expect.stringMatching(TIME),
    disabled: false,
    disabled_at: null,
    usage: { messages_today: 2, messages_30_days: 33, unfinished_replies: 0 },
    chatroom_count: 1,
    sessions: [
      {
        id: expect.stringMatching(ID),
        device: 'node',
        ip: '127.0.0.1',
        created_at: expect.stringMatching(TIME),
        last_used_at: expect.stringMatching(TIME),
      },
    ],
  });
  expect(await api.get(`/admin/users/${admin.id.replace(/^./, 'f')}`, { token: admin.accessToken })).toMatchObject({ status: 404 });
});

test('disabling and enabling act on the next request, once each, and are noted with before and after', async () => {
  const user = await api.signUp();
  for (const body of [{ disabled: true }, { disabled: true }]) expect((await patch(user.id, body)).body).toMatchObject({ disabled: true });
  expect(await api.get('/user/me', { token: user.accessToken })).toMatchObject({ status: 401, body: { code: 'account_disabled' } });
  for (const body of [{ disabled: false }, { disabled: false, role: 'user' }])
    expect((await patch(user.id, body)).body.disabled).toBe(false);
  expect((await me((await signInAgain(user)).accessToken)).status).toBe(200);
  expect(await entriesOf(user.id)).toEqual(
    [
      { before: { role: 'user', disabled: true }, after: { role: 'user', disabled: false } },
      { before: { role: 'user', disabled: false }, after: { role: 'user', disabled: true } },
    ].map((change) => ({
      id: expect.stringMatching(ID),
      actor: { id: admin.id, username: admin.username },
      action: 'user.update',
      target: { type: 'user', id: user.id, username: user.username },
      ...change,
      reason: null,
      ip: '127.0.0.1',
      device: 'node',
      request_id: expect.stringMatching(ID),
      created_at: expect.stringMatching(TIME),
    })),
  );
});

test('a body without a wish changes nothing', async () => {
  const user = await api.signUp();
  expect((await patch(user.id, {})).status).toBe(200);
  expect(await entriesOf(user.id)).toEqual([]);
  expect((await patch(user.id, { role: 'owner' })).status).toBe(400);
  expect((await patch(user.id, { disabled: null })).status).toBe(400);
});

test('a role acts on the next request, and only on sessions that begin with it', async () => {
  const user = await signUpVerified();
  const asked = ({ accessToken: token }: TestUser) => api.get('/admin/audit-log', { token });
  expect((await asked(user)).status).toBe(403);
  expect((await patch(user.id, { role: 'admin' })).body.role).toBe('admin');
  expect(await asked(user)).toMatchObject({ status: 401, body: SESSION_ENDED });
  const promoted = await signInAgain(user);
  expect((await asked(promoted)).status).toBe(200);
  expect((await patch(user.id, { role: 'user' })).body.role).toBe('user');
  expect(await asked(promoted)).toMatchObject({ status: 401, body: SESSION_ENDED });
  expect((await asked(await signInAgain(user))).status).toBe(403);
});

describe('A change of role, and disabling', () => {
  const sendCode = async (path: string, { mobileNumber }: TestUser) =>
    (await api.post<{ challenge_id: string; otp: string }>(path, { body: { mobile_number: mobileNumber } })).body;
  afterEach(() => runSql(database.url, `UPDATE users SET role = 'user' WHERE id <> $1`, [admin.id]));
  const refresh = ({ refreshToken }: TestUser) => api.post('/auth/refresh', { body: { refresh_token: refreshToken } });

  test.each([
    ['a promotion', [{ role: 'admin' }]],
    ['a promotion that is taken back', [{ role: 'admin' }, { role: 'user' }]],
    ['disabling and enabling', [{ disabled: true }, { disabled: false }]],
  ])('%s ends every session and every open code', async (_, changes) => {
    const user = await signUpVerified();
    const signIn = await sendCode('/auth/send-otp', user);
    const reset = await sendCode('/auth/forgot-password', user);
    for (const change of changes) expect((await patch(user.id, change)).status).toBe(200);

    expect((await me(user.accessToken)).body).toEqual(SESSION_ENDED);
    expect((await refresh(user)).body).toEqual(SESSION_ENDED);
    const code = { mobile_number: user.mobileNumber, otp: signIn.otp, challenge_id: signIn.challenge_id };
    expect((await api.post('/auth/verify-otp', { body: code })).body).toEqual(INVALID_OTP);
    const stolen = { ...code, otp: reset.otp, challenge_id: reset.challenge_id, new_password: 'the password of a thief' };
    expect((await api.post('/auth/reset-password', { body: stolen })).body).toEqual(INVALID_OTP);
  });

  test('enabling ends what an earlier release has left to a disabled account', async () => {
    const user = await api.signUp();
    await runSql(database.url, `UPDATE users SET disabled_at = now() WHERE id = $1`, [user.id]);
    await patch(user.id, { disabled: false });
    expect((await me(user.accessToken)).body).toEqual(SESSION_ENDED);
  });

  test('a change that changes nothing leaves the sessions alone', async () => {
    const user = await api.signUp();
    await patch(user.id, { disabled: false, role: 'user' });
    expect((await me(user.accessToken)).status).toBe(200);
  });

  test('a sign-in that has begun before the promotion still needs a code', async () => {
    const strict = await startTestApi({ DATABASE_URL: database.url, ADMIN_REQUIRE_OTP: 'true' });
    const user = await signUpVerified();
    const promotion = await holdTransaction(database.url);
    try {
      await promotion.run(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
      const login = strict.post('/auth/login', { body: { identifier: user.username, password: user.password } });
      await promotion.untilWaitedFor();
      await promotion.commit();
      expect(await login).toMatchObject({ status: 401, body: { code: 'otp_required' } });
    } finally {
      await promotion.close();
      await strict.close();
    }
  });
});

test('only an account with a verified number becomes an administrator', async () => {
  const user = await api.signUp();
  expect(await patch(user.id, { role: 'admin' })).toMatchObject({ status: 409, body: UNVERIFIED });
  expect((await me(user.accessToken)).body).toMatchObject({ role: 'user' });
  expect(await entriesOf(user.id)).toEqual([]);
  const code = { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId };
  expect((await api.post('/auth/verify-otp', { body: code })).status).toBe(200);
  expect(await patch(user.id, { role: 'admin' })).toMatchObject({ status: 200, body: { role: 'admin' } });
  expect((await patch(user.id, { role: 'user' })).status).toBe(200);
});

describe('The last administrator', () => {
  test('keeps role, standing and account, whoever would take them', async () => {
    expect(await patch(admin.id, { role: 'user' })).toMatchObject({ status: 409, body: LAST_ADMINISTRATOR });
    expect(await patch(admin.id, { disabled: true })).toMatchObject({ status: 409, body: LAST_ADMINISTRATOR });
    expect(await api.delete('/user/me', { token: admin.accessToken, body: { password: admin.password } })).toMatchObject({
      status: 409,
      body: LAST_ADMINISTRATOR,
    });
    expect(await entriesOf(admin.id)).toEqual([]);
  });

  test('is the one who may still act: a disabled administrator does not count', async () => {
    const other = await signUpAdministrator(api);
    await patch(other.id, { disabled: true });
    expect((await patch(admin.id, { role: 'user' })).status).toBe(409);
    await patch(other.id, { disabled: false, role: 'user' });
  });

  test('is left when two take each other’s role at once', async () => {
    for (let round = 0; round < 8; round += 1) {
      const other = await signUpAdministrator(api);
      const answers = await Promise.all([
        patch(other.id, round % 2 ? { role: 'user' } : { disabled: true }),
        patch(admin.id, { role: 'user' }, other),
      ]);
      const left = await runSql<{ id: string }>(database.url, `SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL`);
      expect(left).toHaveLength(1);
      // The loser is told so, or is no administrator any more when he asks.
      const [winner, loser] = answers.map(({ status }) => status).sort();
      expect(winner).toBe(200);
      expect([401, 403, 409]).toContain(loser);
      await runSql(database.url, `UPDATE users SET role = 'admin', disabled_at = NULL WHERE id = $1`, [admin.id]);
      admin = await signInAgain(admin);
      await runSql(database.url, `UPDATE users SET role = 'user' WHERE id = $1`, [other.id]);
    }
  });
});

test('ending the sessions of a user signs out everywhere, and is noted once', async () => {
  const user = await api.signUp();
  const path = `/admin/users/${user.id}/sessions`;
  for (let i = 0; i < 2; i += 1) expect((await api.delete(path, { token: admin.accessToken })).status).toBe(204);
  expect(await api.get('/user/me', { token: user.accessToken })).toMatchObject({ status: 401, body: SESSION_ENDED });
  expect(await entriesOf(user.id)).toMatchObject([
    { action: 'user.end_sessions', before: { live_sessions: 1 }, after: { live_sessions: 0 } },
  ]);
});

describe('The audit log', () => {
  test('is filtered by who, what, on what and when', async () => {
    const user = await api.signUp();
    await patch(user.id, { disabled: true });
    const count = async (query: string) => (await get<Page<EntryBody>>(`/admin/audit-log?${query}&target_id=${user.id}`)).data.length;
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    expect(await count(`actor_id=${admin.id}&action=user.update&from=${hour(-1)}&to=${hour(1)}`)).toBe(1);
    expect(await count(`actor_id=${user.id}`)).toBe(0);
    expect(await count('action=user.end_sessions')).toBe(0);
    expect(await count(`from=${hour(1)}`)).toBe(0);
    expect(await count(`to=${hour(-1)}`)).toBe(0);
  });

  test('can neither be changed nor shortened, by the owner of its table either', async () => {
    await patch((await api.signUp()).id, { disabled: true });
    for (const sql of [`UPDATE audit_log SET reason = 'another'`, 'DELETE FROM audit_log', 'TRUNCATE audit_log']) {
      await expect(runSql(database.url, sql)).rejects.toThrow('the audit log is append-only');
    }
  });

  test('outlives the accounts that it tells of', async () => {
    const user = await signUpVerified();
    await patch(user.id, { role: 'admin' });
    expect((await patch(user.id, { role: 'user' })).status).toBe(200);
    const { accessToken } = await signInAgain(user);
    expect((await api.delete('/user/me', { token: accessToken, body: { password: user.password } })).status).toBe(204);
    expect(await entriesOf(user.id)).toHaveLength(2);
  });
});
