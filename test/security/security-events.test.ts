import { readFileSync } from 'node:fs';
import { SECURITY_EVENTS } from '../../src/common/logging/security-log.js';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { CapturedLog } from '../support/captured-log.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const log = new CapturedLog();
let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, LOG_LEVEL: 'info', ADMIN_REQUIRE_OTP: 'false' }, log);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

/** The events that `work` causes. */
async function eventsOf(work: () => Promise<unknown>): Promise<unknown[]> {
  const before = log.lines.length;
  await work();
  return log.lines.slice(before).flatMap(({ event, level }) => (typeof event === 'string' ? [`${level} ${event}`] : []));
}

const body = (value: object) => ({ body: value });

test('sign-ins, their refusals, and codes that are used up', async () => {
  const user = await api.signUp();
  const { username: identifier, password, mobileNumber, challengeId } = user;
  const headers = { 'x-request-id': 'sign-in' };
  expect(await eventsOf(() => api.post('/auth/login', { headers, body: { identifier, password: 'not the password' } }))).toEqual([
    'info sign_in_refused',
  ]);
  expect(log.lines.find(({ event }) => event === 'sign_in_refused')).toMatchObject({
    context: 'Security',
    msg: 'sign_in_refused',
    problem: 'invalid_credentials',
    route: '/auth/login',
    address: '127.0.0.1',
    request_id: 'sign-in',
  });
  expect(await eventsOf(() => api.post('/auth/login', body({ identifier, password })))).toEqual(['info session_started']);
  const wrong = { mobile_number: mobileNumber, otp: user.otp === '000000' ? '000001' : '000000', challenge_id: challengeId };
  const attempts: unknown[] = [];
  for (let i = 0; i < 6; i += 1) attempts.push(...(await eventsOf(() => api.post('/auth/verify-otp', body(wrong)))));
  const refused = 'info code_refused';
  expect(attempts).toEqual([refused, refused, refused, refused, 'warn code_exhausted', refused, refused]);
});

test('a spent refresh token, ended sessions and a new password', async () => {
  const { username, password, accessToken } = await api.signUp();
  const { body: tokens } = await api.post<{ access_token: string; refresh_token: string }>(
    '/auth/login',
    body({ identifier: username, password }),
  );
  const spend = (refresh_token: string) => api.post<{ refresh_token: string }>('/auth/refresh', body({ refresh_token }));
  const second = await spend(tokens.refresh_token);
  await spend(second.body.refresh_token);
  expect(await eventsOf(() => spend(tokens.refresh_token))).toEqual(['warn refresh_reused']);
  await api.post('/auth/login', body({ identifier: username, password }));
  const change = { current_password: password, new_password: 'another horse battery' };
  expect(await eventsOf(() => api.post('/auth/change-password', { token: accessToken, body: change }))).toEqual([
    'info sessions_ended',
    'info password_changed',
  ]);
  expect(await eventsOf(() => api.post('/auth/logout', { token: accessToken }))).toEqual(['info session_ended']);
});

test('403, and what an administrator does to an account', async () => {
  const [admin, user] = [await signUpAdministrator(api), await api.signUp()];
  expect(await eventsOf(() => api.get('/admin/users', { token: user.accessToken }))).toEqual(['info access_refused']);
  expect(log.lines.findLast(({ event }) => event === 'access_refused')).toMatchObject({
    user_id: user.id,
    route: '/admin/users',
    problem: 'forbidden',
  });
  const change = (changes: object) => api.patch(`/admin/users/${user.id}`, { token: admin.accessToken, body: changes });
  expect(await eventsOf(() => change({ disabled: true }))).toEqual(['info sessions_ended', 'warn account_disabled']);
  expect(await eventsOf(() => change({ disabled: false }))).toEqual(['warn account_enabled']);
  const { username: identifier, password } = user;
  const endSessions = () => api.delete(`/admin/users/${user.id}/sessions`, { token: admin.accessToken });
  await api.post('/auth/login', body({ identifier, password }));
  expect(await eventsOf(endSessions)).toEqual(['info sessions_ended']);
  const last = (event: string) => log.lines.findLast((line) => line['event'] === event);
  expect(last('sessions_ended')).toMatchObject({ user_id: user.id, by: admin.id, count: 1 });
  expect(await eventsOf(endSessions)).toEqual([]);
  await runSql(database.url, `UPDATE users SET verified_at = now() WHERE id = $1`, [user.id]);
  expect(await eventsOf(() => change({ role: 'admin' }))).toEqual(['warn role_changed']);
  expect(last('role_changed')).toMatchObject({ user_id: user.id, by: admin.id, from: 'user', to: 'admin' });
});

test('what is rolled back logs no event, and what is run again after a deadlock logs each once', async () => {
  const { mobileNumber: mobile_number } = await api.signUp();
  const forgotten = await api.post<{ challenge_id: string; otp: string }>('/auth/forgot-password', body({ mobile_number }));
  const { challenge_id, otp } = forgotten.body;
  const reset = async () =>
    (await api.post('/auth/reset-password', body({ mobile_number, challenge_id, otp, new_password: 'another horse battery' }))).status;
  // The end of a session fails at the commit: the first one for good, the second one by a deadlock.
  await runSql(
    database.url,
    `CREATE SEQUENCE commits;
     CREATE FUNCTION fail_commit() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       CASE nextval('commits') WHEN 1 THEN RAISE 'no'; WHEN 2 THEN RAISE deadlock_detected; ELSE RETURN NULL; END CASE;
     END $$;
     CREATE CONSTRAINT TRIGGER fail_commit AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION fail_commit()`,
  );
  try {
    let status = 0;
    expect([await eventsOf(async () => (status = await reset())), status]).toEqual([[], 500]);
    const events = ['info sessions_ended', 'info password_changed'];
    expect([await eventsOf(async () => (status = await reset())), status]).toEqual([events, 204]);
  } finally {
    await runSql(database.url, `DROP FUNCTION fail_commit() CASCADE`);
  }
});

test('a throttled request', async () => {
  const strict = await startTestApi({ DATABASE_URL: database.url, LOG_LEVEL: 'info', THROTTLE_SIGN_IN_LIMIT: '1' }, log);
  const logIn = () => strict.post('/auth/login', body({ identifier: 'nobody', password: 'not the password' }));
  expect([...(await eventsOf(logIn)), ...(await eventsOf(logIn))]).toEqual(['info sign_in_refused', 'info throttled']);
  await strict.close();
});

test('every event is documented, and no other', () => {
  const documented = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `(\w+)` +\| (info|warn) +\|/gm)].map(
    ([, event, level]) => [event, level],
  );
  expect(documented).toEqual(Object.entries(SECURITY_EVENTS).map(([event, { level }]) => [event, level === 'log' ? 'info' : level]));
});
