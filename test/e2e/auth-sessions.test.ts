import { readFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { startTestApi, type TestApi } from '../support/api.js';
import { passTime } from '../support/passing-time.js';
import { ID, problem, SESSION_ENDED, TIME } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Tokens {
  readonly refresh_expires_in: number;
  readonly access_token: string;
  readonly refresh_token: string;
}

interface Sessions {
  readonly data: { readonly id: string; readonly current: boolean }[];
  readonly next_cursor: string | null;
}

const PAGE = 'https://app.example.com';
const REUSED = problem(
  401,
  'refresh_token_reused',
  'The refresh token has been used before',
  'Somebody else may hold this token, so the session was ended. Sign in again.',
);
const INVALID_TOKEN = problem(401, 'invalid_token', 'There is no valid token', 'This route needs a valid token. Sign in.');
const ORIGIN_NOT_ALLOWED = problem(
  403,
  'origin_not_allowed',
  'The origin is not allowed',
  'The refresh cookie is only taken from pages of an allowed origin.',
);

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, CORS_ORIGINS: `${PAGE}, https://other.example.com` });
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const refresh = (refresh_token: string, on: TestApi = api) => on.post<Tokens>('/auth/refresh', { body: { refresh_token } });
const logIn = (identifier: string, password: string, more: object = {}) =>
  api.post<Tokens>('/auth/login', { body: { identifier, password, ...more }, headers: { 'user-agent': 'Test Browser/1.0' } });
const me = (token: string) => api.get('/user/me', { token });
const setRole = (id: string, role: string) => api.app.get(DataSource).query(`UPDATE users SET role = $2 WHERE id = $1`, [id, role]);
const later = (time: string) => passTime(api.app.get(DataSource), time);

describe('POST /auth/refresh', () => {
  it('spends the token for new ones of the same session', async () => {
    const user = await api.signUp();
    const answer = await refresh(user.refreshToken);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refresh_token: expect.stringMatching(/^[\w-]{86}$/),
      token_type: 'Bearer',
      expires_in: 900,
      refresh_expires_in: 2_592_000,
      user: expect.objectContaining({ id: user.id }),
    });
    expect(answer.body.refresh_token).not.toBe(user.refreshToken);
    expect((await me(answer.body.access_token)).status).toBe(200);
    const sessions = await api.get<Sessions>('/auth/sessions', { token: answer.body.access_token });
    expect(sessions.body.data).toHaveLength(1);
  });

  it('gives twenty requests at once, on two processes, the same successor', async () => {
    const second = await startTestApi({ DATABASE_URL: database.url });
    try {
      const user = await api.signUp();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => refresh(user.refreshToken, i % 2 === 0 ? api : second)));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      const successors = new Set(answers.map(({ body }) => body.refresh_token));
      expect(successors.size).toBe(1);
      expect((await refresh([...successors][0] ?? '')).status).toBe(200);
    } finally {
      await second.close();
    }
  });

  it('gives the same successor for 30 s, while nobody has used that', async () => {
    const user = await api.signUp();
    const first = await refresh(user.refreshToken);
    await later('29 seconds');
    expect((await refresh(user.refreshToken)).body.refresh_token).toBe(first.body.refresh_token);
  });

  it('ends the family when a token is replayed after the grace', async () => {
    const user = await api.signUp();
    const { body: next } = await refresh(user.refreshToken);
    await later('31 seconds');
    expect((await refresh(user.refreshToken)).body).toEqual(REUSED);
    expect((await refresh(next.refresh_token)).body).toEqual(SESSION_ENDED);
    expect((await me(next.access_token)).body).toEqual(SESSION_ENDED);
  });

  it('ends the family when a token is replayed whose successor was used', async () => {
    const user = await api.signUp();
    const { body: second } = await refresh(user.refreshToken);
    const { body: third } = await refresh(second.refresh_token);
    expect((await refresh(user.refreshToken)).body).toEqual(REUSED);
    expect((await refresh(third.refresh_token)).body).toEqual(SESSION_ENDED);
  });

  it('leaves other sessions of the user alone when a family ends', async () => {
    const user = await api.signUp();
    const { body: other } = await logIn(user.username, user.password);
    await refresh(user.refreshToken);
    await later('31 seconds');
    expect((await refresh(user.refreshToken)).body).toEqual(REUSED);
    expect((await me(other.access_token)).status).toBe(200);
  });

  it('refuses a token that somebody made up for a session that they know, and lets the session live', async () => {
    const user = await api.signUp();
    const bytes = Buffer.from(user.refreshToken, 'base64url');
    for (const i of [16, 47, 48, 63]) {
      const forged = Buffer.from(bytes);
      forged[i] = (forged[i] ?? 0) ^ 1;
      expect((await refresh(forged.toString('base64url'))).body).toEqual(INVALID_TOKEN);
    }
    expect((await refresh(user.refreshToken)).status).toBe(200);
  });

  it.each([[''], ['x'], ['A'.repeat(86)]])('refuses %j', async (token) => {
    expect((await refresh(token)).body).toEqual(INVALID_TOKEN);
  });

  it('refuses the token of a session that has expired', async () => {
    const user = await api.signUp();
    await later('31 days');
    expect((await refresh(user.refreshToken)).body).toEqual(SESSION_ENDED);
    expect((await me(user.accessToken)).body).toEqual(SESSION_ENDED);
  });

  it.each([
    ['a user', '90 days', 89, 'user'],
    ['an administrator', '12 hours', 0.49, 'admin'],
  ])('ends the session of %s after %s, however often it is used, and says so', async (_, age, days, role) => {
    const user = await api.signUp();
    await setRole(user.id, role);
    let { body } = await logIn(user.username, user.password);
    expect(body.refresh_expires_in).toBe(role === 'admin' ? 43_200 : 2_592_000);
    // Not later than a fifth of its age, so that the session is never left unused for too long.
    for (let used = 0; used < 5; used += 1) {
      await later(`${(days * 86_400) / 5} seconds`);
      ({ body } = await refresh(body.refresh_token));
    }
    const left = (role === 'admin' ? 0.5 : 90) * 86_400 - days * 86_400;
    expect(Math.abs(body.refresh_expires_in - left)).toBeLessThan(60);
    expect((await me(body.access_token)).status).toBe(200);
    // The repeat of a lost answer says the same.
    const again = await refresh(body.refresh_token);
    expect((await refresh(body.refresh_token)).body).toMatchObject({ refresh_token: again.body.refresh_token });

    await later(`${left} seconds`);
    expect((await refresh(again.body.refresh_token)).body).toEqual(SESSION_ENDED);
    expect((await me(again.body.access_token)).body).toEqual(SESSION_ENDED);
  });

  it('ends by its age, too, a session that a process of an earlier release has prolonged', async () => {
    const user = await api.signUp();
    const prolong = () =>
      api.app.get(DataSource).query(`UPDATE sessions SET expires_at = now() + interval '30 days' WHERE user_id = $1`, [user.id]);
    await later('89 days 23 hours');
    await prolong();
    expect((await me(user.accessToken)).status).toBe(200);
    const { body } = await refresh(user.refreshToken);
    expect(body.refresh_expires_in).toBeLessThanOrEqual(3_600);
    expect(body.refresh_expires_in).toBeGreaterThan(3_500);
    await prolong();
    const { body: again } = await refresh(user.refreshToken);
    expect(again.refresh_expires_in).toBeLessThanOrEqual(3_600);
    await later('1 hour');
    await prolong();
    expect((await me(body.access_token)).body).toEqual(SESSION_ENDED);
    expect((await refresh(body.refresh_token)).body).toEqual(SESSION_ENDED);
    const { body: next } = await logIn(user.username, user.password);
    const { body: listed } = await api.get<Sessions>('/auth/sessions', { token: next.access_token });
    expect(listed.data.map(({ current }) => current)).toEqual([true]);
  });

  it('follows the settings, which hold for sessions that are there', async () => {
    const user = await api.signUp();
    await later('2 hours');
    const strict = await startTestApi({ DATABASE_URL: database.url, SESSION_MAX_AGE: '1h', ADMIN_SESSION_MAX_AGE: '12h' });
    try {
      expect((await refresh(user.refreshToken, strict)).body).toEqual(SESSION_ENDED);
      await setRole(user.id, 'admin');
      const { body } = await strict.post<Tokens>('/auth/login', { body: { identifier: user.username, password: user.password } });
      expect(body.refresh_expires_in).toBe(3_600);
    } finally {
      await strict.close();
    }
  });

  it('prolongs the session with each use', async () => {
    const user = await api.signUp();
    await later('29 days');
    const { body } = await refresh(user.refreshToken);
    await later('29 days');
    expect((await refresh(body.refresh_token)).status).toBe(200);
  });

  it('says so when the account was disabled', async () => {
    const user = await api.signUp();
    await api.app.get(DataSource).query('UPDATE users SET disabled_at = now() WHERE id = $1', [user.id]);
    expect((await refresh(user.refreshToken)).body).toEqual(
      problem(401, 'account_disabled', 'The account is disabled', 'An administrator has disabled this account.'),
    );
  });
});

describe('sessions', () => {
  it('are listed newest first, with device and address, a page at a time', async () => {
    const user = await api.signUp();
    await logIn(user.username, user.password);
    const { body: newest } = await logIn(user.username, user.password);
    const first = await api.get<Sessions>('/auth/sessions?limit=2', { token: newest.access_token });
    expect(first.body).toEqual({
      data: [true, false].map((current) => ({
        id: expect.stringMatching(ID),
        device: 'Test Browser/1.0',
        ip: '127.0.0.1',
        created_at: expect.stringMatching(TIME),
        last_used_at: expect.stringMatching(TIME),
        current,
      })),
      next_cursor: expect.any(String),
    });
    const second = await api.get<Sessions>(`/auth/sessions?limit=2&cursor=${first.body.next_cursor ?? ''}`, { token: newest.access_token });
    expect(second.body.data).toHaveLength(1);
    expect(second.body.next_cursor).toBeNull();
    expect(new Set([...first.body.data, ...second.body.data].map(({ id }) => id)).size).toBe(3);
  });

  it('end at logout, at once', async () => {
    const user = await api.signUp();
    const answer = await api.post('/auth/logout', { token: user.accessToken });
    expect(answer.status).toBe(204);
    expect((await me(user.accessToken)).body).toEqual(SESSION_ENDED);
    expect((await refresh(user.refreshToken)).body).toEqual(SESSION_ENDED);
  });

  it('are ended one by one, and only by their user', async () => {
    const [user, stranger] = [await api.signUp(), await api.signUp()];
    const { body: other } = await logIn(user.username, user.password);
    const { body: sessions } = await api.get<Sessions>('/auth/sessions', { token: user.accessToken });
    const id = sessions.data.find(({ current }) => !current)?.id ?? '';
    const notFound = problem(404, 'not_found', 'Not found', 'There is no such resource.');
    expect((await api.delete(`/auth/sessions/${id}`, { token: stranger.accessToken })).body).toEqual(notFound);
    expect((await me(other.access_token)).status).toBe(200);
    expect((await api.delete(`/auth/sessions/${id}`, { token: user.accessToken })).status).toBe(204);
    expect((await me(other.access_token)).body).toEqual(SESSION_ENDED);
    expect((await api.delete(`/auth/sessions/${id}`, { token: user.accessToken })).body).toEqual(notFound);
    expect((await api.delete('/auth/sessions/nonsense', { token: user.accessToken })).body).toEqual(notFound);
  });

  it('are all ended but this one', async () => {
    const user = await api.signUp();
    const others = [await logIn(user.username, user.password), await logIn(user.username, user.password)];
    expect((await api.delete('/auth/sessions', { token: user.accessToken })).status).toBe(204);
    for (const { body } of others) expect((await me(body.access_token)).body).toEqual(SESSION_ENDED);
    expect((await me(user.accessToken)).status).toBe(200);
  });

  it('act on another process at once', async () => {
    const second = await startTestApi({ DATABASE_URL: database.url });
    try {
      const user = await api.signUp();
      expect((await second.get('/user/me', { token: user.accessToken })).status).toBe(200);
      await api.post('/auth/logout', { token: user.accessToken });
      expect((await second.get('/user/me', { token: user.accessToken })).body).toEqual(SESSION_ENDED);
    } finally {
      await second.close();
    }
  });
});

describe('the refresh cookie', () => {
  const cookieOf = (headers: Headers) => headers.get('set-cookie') ?? '';

  it('holds the refresh token in place of the body, out of reach of scripts', async () => {
    const user = await api.signUp();
    const answer = await logIn(user.username, user.password, { refresh_in: 'cookie' });
    expect(answer.body).not.toHaveProperty('refresh_token');
    expect(cookieOf(answer.headers)).toMatch(
      /^__Secure-refresh=[\w-]{86}; Max-Age=2592000; Path=\/auth; HttpOnly; Secure; SameSite=Strict$/,
    );
  });

  it('refreshes and logs out pages of an allowed origin only', async () => {
    const user = await api.signUp();
    const answer = await logIn(user.username, user.password, { refresh_in: 'cookie' });
    const cookie = `theme=dark; ${cookieOf(answer.headers).split(';')[0] ?? ''}`;
    for (const origin of [undefined, 'https://evil.example.com', 'null']) {
      const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
      expect((await api.post('/auth/refresh', { body: {}, headers })).body).toEqual(ORIGIN_NOT_ALLOWED);
      expect((await api.post('/auth/logout', { token: answer.body.access_token, headers })).body).toEqual(ORIGIN_NOT_ALLOWED);
    }
    const refreshed = await api.post<Tokens>('/auth/refresh', { body: {}, headers: { cookie, origin: PAGE } });
    expect(refreshed.status).toBe(200);
    expect(refreshed.body).not.toHaveProperty('refresh_token');
    const next = cookieOf(refreshed.headers).split(';')[0] ?? '';
    expect(next).toMatch(/^__Secure-refresh=[\w-]{86}$/);
    expect(cookie).not.toContain(next);

    const out = await api.post('/auth/logout', { token: refreshed.body.access_token, headers: { cookie: next, origin: PAGE } });
    expect(out.status).toBe(204);
    expect(cookieOf(out.headers)).toBe('__Secure-refresh=; Max-Age=0; Path=/auth; HttpOnly; Secure; SameSite=Strict');
    expect((await api.post('/auth/refresh', { body: {}, headers: { cookie: next, origin: PAGE } })).body).toEqual(SESSION_ENDED);
  });

  it('is asked for when there is no token at all', async () => {
    expect((await api.post('/auth/refresh', { body: {}, headers: { origin: PAGE } })).body).toEqual(INVALID_TOKEN);
  });
});

describe('CORS', () => {
  it('answers the preflight of an allowed origin', async () => {
    const answer = await api.send('OPTIONS', '/auth/login', {
      headers: { origin: PAGE, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,idempotency-key' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id',
    );
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
    expect(answer.headers.get('vary')).toBe('Authorization, Accept, Origin');
    expect(answer.headers.get('x-request-id')).toMatch(ID);
  });

  it('allows the method of every route', async () => {
    const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, object> };
    const methods = new Set(Object.values(paths).flatMap((routes) => Object.keys(routes).map((method) => method.toUpperCase())));
    const answer = await api.send('OPTIONS', '/auth/login', { headers: { origin: PAGE, 'access-control-request-method': 'PUT' } });
    expect(answer.headers.get('access-control-allow-methods')?.split(', ')).toEqual(expect.arrayContaining([...methods]));
  });

  it('answers an OPTIONS that is no preflight alike', async () => {
    const { status, body, headers } = await api.send('OPTIONS', '/auth/login', { headers: { origin: PAGE, 'x-request-id': 'mine' } });
    expect([status, body]).toEqual([204, undefined]);
    expect([headers.get('access-control-allow-origin'), headers.get('x-request-id')]).toEqual([PAGE, 'mine']);
    expect((await api.send('OPTIONS', '/auth/login')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('lets pages read answers and errors alike', async () => {
    const requests: (readonly ['GET' | 'POST', string, string?])[] = [
      ['GET', '/health/live'],
      ['GET', '/user/me'],
      ['GET', '/nowhere'],
      ['GET', '/%zz'],
      ['POST', '/auth/login', '{'],
      ['POST', '/auth/login', JSON.stringify({ identifier: 'x'.repeat(600_000) })],
    ];
    for (const [method, path, body] of requests) {
      const { headers } = await api.send(method, path, { headers: { origin: PAGE }, ...(body === undefined ? {} : { body }) });
      expect([path, headers.get('access-control-allow-origin')]).toEqual([path, PAGE]);
      expect(headers.get('access-control-expose-headers')).toBe(
        'Location, ETag, Retry-After, RateLimit, RateLimit-Policy, Cache-Status, X-Request-Id',
      );
      expect(headers.get('vary')).toContain('Origin');
    }
  });

  it('says nothing to pages of another origin', async () => {
    const { headers } = await api.get('/health/live', { headers: { origin: 'https://evil.example.com' } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
