import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { ProblemFilter } from '../../src/apps/api/problem.filter.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { problem } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly request_id: string;
  readonly errors?: { field: string; message: string }[];
}

let database: TestDatabase;
let sql: Client;
let api: TestApi;
let user: TestUser;
let room: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url });
  user = await api.signUp();
  room = (await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: { name: 'Mine' } })).body.id;
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await api.close();
  await database.drop();
});

/** Everything that a request could have changed. */
const contents = async (): Promise<string> => {
  const tables = ['users', 'chatrooms', 'messages', 'usage_days', 'idempotency_keys'];
  const contents: unknown[] = [];
  for (const table of tables) contents.push((await sql.query(`SELECT * FROM ${table} ORDER BY 1`)).rows);
  return JSON.stringify(contents);
};

const expectProblem = (answer: { status: number; headers: Headers; body: ProblemBody }, status: number, code: string): void => {
  expect({ status: answer.status, type: answer.headers.get('content-type'), code: answer.body.code }).toEqual({
    status,
    type: 'application/problem+json',
    code,
  });
  expect(answer.body.status).toBe(status);
  expect(answer.headers.get('x-request-id')).toBe(answer.body.request_id);
  expect(JSON.stringify(answer.body)).not.toMatch(/SELECT|INSERT|node_modules|at \w+ \(/);
};

const message = () => `/chatroom/${room}/message`;

describe('bodies', () => {
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const cases: [what: string, body: string, status: number, code: string][] = [
    ['an unknown field', '{"content":"Hello","user_id":"x"}', 400, 'validation_failed'],
    ['__proto__', '{"content":"Hello","__proto__":{"admin":true}}', 400, 'validation_failed'],
    ['constructor', '{"content":"Hello","constructor":{"prototype":{}}}', 400, 'validation_failed'],
    ['names that every object has', '{"content":"Hello","hasOwnProperty":1,"toString":"x"}', 400, 'validation_failed'],
    ['a long name', JSON.stringify({ content: 'Hello', ['x'.repeat(500_000)]: 1 }), 400, 'validation_failed'],
    [
      'many unknown fields',
      JSON.stringify(Object.fromEntries(Array.from({ length: 45_000 }, (_, i) => [`k${i}`, 1]))),
      400,
      'validation_failed',
    ],
    ['a missing field', '{}', 400, 'validation_failed'],
    ['a number for text', '{"content":5}', 400, 'validation_failed'],
    ['null for text', '{"content":null}', 400, 'validation_failed'],
    ['a list for text', '{"content":["Hello"]}', 400, 'validation_failed'],
    ['an object for text', '{"content":{"length":5}}', 400, 'validation_failed'],
    ['nothing but spaces', '{"content":"  \\n\\t "}', 400, 'validation_failed'],
    ['a NUL', '{"content":"a\\u0000b"}', 400, 'validation_failed'],
    ['a NUL in a field name', '{"content":"a","b\\u0000":1}', 400, 'validation_failed'],
    ['a lone surrogate', '{"content":"\\ud83d"}', 400, 'validation_failed'],
    ['32,001 code points', JSON.stringify({ content: '😀'.repeat(32_001) }), 400, 'validation_failed'],
    ['a list', '[]', 400, 'validation_failed'],
    ['text', '"Hello"', 400, 'validation_failed'],
    ['null', 'null', 400, 'validation_failed'],
    ['nesting', `{"content":${deep(50_000)}}`, 400, 'validation_failed'],
    ['nesting of objects', `${'{"content":'.repeat(20_000)}1${'}'.repeat(20_000)}`, 400, 'validation_failed'],
    ['a long list', `{"content":[${'0,'.repeat(250_000)}0]}`, 400, 'validation_failed'],
    ['nesting that is not closed', '['.repeat(500_000), 400, 'validation_failed'],
    ['broken JSON', '{"content":', 400, 'malformed_json'],
    ['more than the limit', JSON.stringify({ content: 'x'.repeat(600_000) }), 413, 'payload_too_large'],
  ];

  test.each(cases)('%s', async (_what, body, status, code) => {
    const before = await contents();
    const answer = await api.post<ProblemBody>(message(), { token: user.accessToken, body });
    expectProblem(answer, status, code);
    // However much was wrong: nobody's input comes back at length.
    expect(JSON.stringify(answer.body).length).toBeLessThan(2_000);
    expect(await contents()).toBe(before);
  });

  test('32,000 code points of two UTF-16 units are accepted', async () => {
    const answer = await api.post(message(), { token: user.accessToken, body: { content: '😀'.repeat(32_000) } });
    expect(answer.status).toBe(202);
  });

  test('a validation failure names the field', async () => {
    const { body } = await api.post<ProblemBody>(message(), { token: user.accessToken, body: { content: 5, extra: 1 } });
    expect(body).toEqual({
      type: 'urn:problem-type:validation_failed',
      title: 'The request is not valid',
      status: 400,
      detail: 'One or more fields are not acceptable; see errors.',
      code: 'validation_failed',
      request_id: expect.any(String),
      errors: [
        { field: 'extra', message: 'property extra should not exist' },
        { field: 'content', message: 'content must be text of 1 to 32000 characters' },
      ],
    });
  });

  test('invalid UTF-8', async () => {
    const answer = await fetch(`${api.origin}${message()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"content":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    });
    expect(await answer.json()).toMatchObject({ status: 400, code: 'malformed_json' });
  });

  test('a compressed body', async () => {
    const before = await contents();
    const answer = await fetch(`${api.origin}${message()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync('{"content":"Hello"}'),
    });
    expect(await answer.json()).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(await contents()).toBe(before);
  });

  test('a client that leaves in the middle of its body is no outage of ours', async () => {
    const answered = jest.spyOn(ProblemFilter.prototype, 'answer');
    const headers = `Host: x\r\nAuthorization: Bearer ${user.accessToken}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    const { hostname, port } = new URL(api.origin);
    const socket = connect(Number(port), hostname, () => {
      socket.end(`POST ${message()} HTTP/1.1\r\n${headers}{"content":`);
    });
    await until('it is answered', () => answered.mock.calls.length > 0);
    expect(answered.mock.calls.map(([error, , { statusCode }]) => [(error as { code?: unknown }).code, statusCode])).toEqual([
      ['ECONNRESET', 400],
    ]);
    answered.mockRestore();
  });

  test.each([
    ['text/plain', '{"content":"Hello"}'],
    ['application/x-www-form-urlencoded', 'content=Hello'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/xml', '<content/>'],
    ['nonsense', 'x'],
  ])('content type %s', async (contentType, body) => {
    const before = await contents();
    expectProblem(
      await api.post<ProblemBody>(message(), { token: user.accessToken, body, headers: { 'content-type': contentType } }),
      415,
      'unsupported_media_type',
    );
    expect(await contents()).toBe(before);
  });
});

describe('ids', () => {
  const ids = [
    'x',
    '0',
    '-1',
    '%00',
    '%20',
    "'; DROP TABLE users; --",
    '../../etc/passwd',
    'a'.repeat(400),
    '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f',
    '%F0%9F%98%80',
  ];

  test.each(ids)('%s is not found', async (id) => {
    const path = `/chatroom/${id.includes('%') ? id : encodeURIComponent(id)}`;
    expectProblem(await api.get<ProblemBody>(path, { token: user.accessToken }), 404, 'not_found');
    expectProblem(await api.delete<ProblemBody>(path, { token: user.accessToken }), 404, 'not_found');
    expectProblem(await api.patch<ProblemBody>(path, { token: user.accessToken, body: { name: 'x' } }), 404, 'not_found');
    expectProblem(await api.post<ProblemBody>(`${path}/message`, { token: user.accessToken, body: { content: 'x' } }), 404, 'not_found');
    expectProblem(
      await api.get<ProblemBody>(`/chatroom/${room}/message/${id.includes('%') ? id : encodeURIComponent(id)}`, {
        token: user.accessToken,
      }),
      404,
      'not_found',
    );
  });

  test("somebody else's room and messages are not found", async () => {
    const stranger = await api.signUp();
    const { body: sent } = await api.post<{ reply: { id: string } }>(message(), { token: user.accessToken, body: { content: 'Mine' } });
    const before = await contents();
    const token = stranger.accessToken;
    expectProblem(await api.get<ProblemBody>(`/chatroom/${room}`, { token }), 404, 'not_found');
    expectProblem(await api.patch<ProblemBody>(`/chatroom/${room}`, { token, body: { name: 'x' } }), 404, 'not_found');
    expectProblem(await api.delete<ProblemBody>(`/chatroom/${room}`, { token }), 404, 'not_found');
    expectProblem(await api.get<ProblemBody>(message(), { token }), 404, 'not_found');
    expectProblem(await api.get<ProblemBody>(`${message()}?branch=all`, { token }), 404, 'not_found');
    expectProblem(await api.post<ProblemBody>(message(), { token, body: { content: 'x' } }), 404, 'not_found');
    expectProblem(await api.get<ProblemBody>(`${message()}/${sent.reply.id}`, { token }), 404, 'not_found');
    const { body: other } = await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: {} });
    expectProblem(
      await api.get<ProblemBody>(`/chatroom/${other.id}/message/${sent.reply.id}`, { token: user.accessToken }),
      404,
      'not_found',
    );
    await api.delete(`/chatroom/${other.id}`, { token: user.accessToken });
    expect((await contents()).length).toBe(before.length);
  });

  test('a malformed escape in the path', async () => {
    expectProblem(await api.get<ProblemBody>('/chatroom/%E0%A4%A', { token: user.accessToken }), 400, 'bad_request');
  });
});

describe('queries and headers', () => {
  test('answers carry security headers, which let Swagger UI work over plain HTTP', async () => {
    const { headers } = await api.get('/docs');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';(?!.*upgrade-insecure-requests)/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=abc',
    'limit=1e1',
    'limit=',
    'limit=5&limit=6',
    'cursor=x',
    'cursor=WyJhIl0',
    'unknown=1',
    'q=%00',
    'archived=yes',
  ])('GET /chatroom?%s', async (query) => {
    expectProblem(await api.get<ProblemBody>(`/chatroom?${query}`, { token: user.accessToken }), 400, 'validation_failed');
  });

  test.each(['branch=x', 'cursor=eyJhIjoxfQ', 'branch=all&cursor=WyIwIl0', 'branch=all&cursor=WyI5OTk5OTk5OTk5OSJd'])(
    'GET messages ?%s',
    async (query) => {
      expectProblem(await api.get<ProblemBody>(`${message()}?${query}`, { token: user.accessToken }), 400, 'validation_failed');
    },
  );

  test.each(['wait=31', 'wait=-1', 'wait=x', 'wait=0.5'])('GET message ?%s', async (query) => {
    expectProblem(await api.get<ProblemBody>(`${message()}/${room}?${query}`, { token: user.accessToken }), 400, 'validation_failed');
  });

  test.each(['', 'x'.repeat(256), 'ä'])('Idempotency-Key "%s"', async (key) => {
    const answer = await api.post<ProblemBody>('/chatroom', { token: user.accessToken, body: {}, headers: { 'idempotency-key': key } });
    expectProblem(answer, 400, 'validation_failed');
  });

  test('a sane X-Request-Id is taken, another replaced', async () => {
    const given = async (id: string) =>
      (await api.get<ProblemBody>('/nowhere', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await given('trace-1.a_B~c')).toBe('trace-1.a_B~c');
    expect(await given('with spaces')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await given('x'.repeat(200))).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('an unknown route and an unknown method are not found', async () => {
    expectProblem(await api.get<ProblemBody>('/nowhere'), 404, 'not_found');
    expectProblem(await api.send<ProblemBody>('PUT', '/chatroom', { token: user.accessToken }), 404, 'not_found');
  });

  test.each([
    ['NONSENSE\r\n\r\n', 400, 'bad_request'],
    ['GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 400, 'bad_request'],
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    ['GET /health/live HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    ['GET /health/live HTTP/1.1\r\nHost: a\r\nHOST: a\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: wonders\r\n\r\n', 404, 'not_found'],
  ])('what HTTP itself refuses (%#)', async (bytes, status, code) => {
    const answer = await rawRequest(bytes);
    expectProblem(answer, status, code);
  });
});

describe('the files of Swagger UI', () => {
  test('what the file server refuses is no failure of ours', async () => {
    const dots = await rawRequest('GET /docs/%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expectProblem(dots, 404, 'not_found');
    const range = await fetch(`${api.origin}/docs/swagger-ui.css`, { headers: { range: 'bytes=999999999-' } });
    expect([range.status, await range.json()]).toEqual([
      416,
      problem(416, 'range_not_satisfiable', 'The range is not part of the file', 'The Range header names no bytes of this resource.'),
    ]);
    const changed = await fetch(`${api.origin}/docs/swagger-ui.css`, { headers: { 'if-match': '"another"' } });
    expect([changed.status, ((await changed.json()) as ProblemBody).code]).toEqual([400, 'bad_request']);
  });

  test('are not there in production, unless they are switched on', async () => {
    for (const [settings, status] of [
      [{}, 404],
      [{ DOCS_ENABLED: 'true' }, 200],
    ] as const) {
      const production = await startTestApi({
        DATABASE_URL: database.url,
        NODE_ENV: 'production',
        JWT_SECRET: randomBytes(32).toString('hex'),
        OTP_DELIVERY: 'log',
        ...settings,
      });
      const statuses = await Promise.all(
        ['/docs', '/openapi.json'].map(async (path) => (await fetch(`${production.origin}${path}`)).status),
      );
      expect(statuses).toEqual([status, status]);
      await production.close();
    }
  });
});

async function rawRequest(bytes: string): Promise<{ status: number; headers: Headers; body: ProblemBody }> {
  const [head = '', body = ''] = (await answerTo(bytes)).split('\r\n\r\n');
  const [line = '', ...headers] = head.split('\r\n');
  return {
    status: Number(line.split(' ')[1]),
    headers: new Headers(headers.map((header) => header.split(': ', 2) as [string, string])),
    body: JSON.parse(body) as ProblemBody,
  };
}

function answerTo(bytes: string): Promise<string> {
  const { hostname, port } = new URL(api.origin);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('end', () => {
      resolve(answer);
    });
    socket.on('error', reject);
  });
}
