import type { IncomingMessage, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { type Settings, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { problem } from '../support/problem.js';
import { openRaw } from '../support/raw-connection.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
const IMPORT_LIMIT = 20 * MIB;

const INVALID_TOKEN = problem(401, 'invalid_token', 'There is no valid token', 'This route needs a valid token. Sign in.');
const TOO_MUCH = problem(
  429,
  'too_much_in_flight',
  'Too much data is being transferred',
  'Other uploads or downloads must finish first. Retry after retry_after seconds.',
  { retry_after: 5 },
);

let database: TestDatabase;
const apis: TestApi[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(apis.splice(0).map((api) => api.close()));
});

async function start(settings: Settings = {}): Promise<TestApi> {
  const api = await startTestApi({ DATABASE_URL: database.url, ...settings });
  apis.push(api);
  return api;
}

function open(api: TestApi, text: string): ReturnType<typeof openRaw> {
  const connection = openRaw(api, text);
  sockets.push(connection.socket);
  return connection;
}

const post = (path: string, length: number, headers: readonly string[] = []): string =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', `Content-Length: ${length}`, ...headers, '', ''].join('\r\n');

const bearer = ({ accessToken }: TestUser) => [`Authorization: Bearer ${accessToken}`];

const connectionsOf = (api: TestApi) => {
  const server: Server = api.app.getHttpServer();
  return promisify(server.getConnections.bind(server))();
};

describe('before a byte of the body has come', () => {
  test('senders that are refused one after the other on one connection leave nothing behind', async () => {
    const api = await start();
    const server: Server = api.app.getHttpServer();
    const listeners: number[] = [];
    server.on('request', ({ socket }: IncomingMessage) => listeners.push(socket.listenerCount('close')));
    const { hostname, port } = new URL(api.origin);
    const socket = connect({ host: hostname, port: Number(port) });
    sockets.push(socket);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    for (let count = 1; count <= 12; count += 1) {
      socket.write(post('/chatroom', 2));
      await until('it is refused', () => received.split('HTTP/1.1 401 ').length === count + 1);
      socket.write('{}');
    }
    expect(listeners).toHaveLength(12);
    // A request may begin before the end of the one before has been noticed.
    expect(Math.max(...listeners)).toBeLessThanOrEqual((listeners[0] ?? NaN) + 1);
  });

  test('a sender without a token is refused', async () => {
    const { answer } = open(await start(), post('/chatroom/import', IMPORT_LIMIT));
    expect(await answer).toMatchObject({ status: 401, body: INVALID_TOKEN });
  });

  test('a sender without a right is refused', async () => {
    const api = await start({ REQUIRE_VERIFIED_NUMBER: 'true' });
    const user = await api.signUp();
    const room = await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: {} });
    const { answer } = open(api, post(`/chatroom/${room.body.id}/message`, 100_000, bearer(user)));
    expect(await answer).toMatchObject({ status: 403, body: { code: 'mobile_number_unverified' } });
  });

  test('a sender who is throttled is refused', async () => {
    const api = await start({ THROTTLE_SIGN_IN_LIMIT: '1' });
    await api.post('/auth/login', { body: { identifier: 'nobody', password: 'wrong' } });
    const { answer } = open(api, post('/auth/login', 100_000));
    expect(await answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  });

  test('a body that is too large, or of another type, is refused', async () => {
    const api = await start();
    const user = await api.signUp();
    expect(await open(api, post('/chatroom/import', IMPORT_LIMIT + 1, bearer(user))).answer).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large' },
    });
    const text = post('/chatroom', 100_000, bearer(user)).replace('application/json', 'text/plain');
    expect(await open(api, text).answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });
});

test('a refused sender who goes on holds its connection for seconds only', async () => {
  const api = await start();
  const before = await connectionsOf(api);
  const all = Array.from({ length: 20 }, () => open(api, post('/chatroom/import', IMPORT_LIMIT)));
  for (const { socket, answer } of all) {
    expect((await answer).headers).toMatch(/^connection: close$/im);
    socket.on('error', () => undefined).write('x'.repeat(MIB));
  }
  await until('they are gone', async () => (await connectionsOf(api)) === before, 10_000);
});

/** Opens as many uploads, and waits until only `held` of them are not refused. @returns those */
async function hold(api: TestApi, text: string, count: number, held: number): Promise<Socket[]> {
  const refused = new Set<Socket>();
  const uploads = Array.from({ length: count }, () => open(api, text));
  for (const { socket, answer } of uploads) {
    void answer.then(({ status, headers, body }) => {
      expect([status, /^retry-after: (.*)$/im.exec(headers)?.[1], body]).toEqual([429, '5', TOO_MUCH]);
      refused.add(socket);
    });
  }
  await until('the others are refused', () => refused.size === count - held);
  return uploads.map(({ socket }) => socket).filter((socket) => !refused.has(socket));
}

describe('bodies in flight', () => {
  const large = (api: TestApi, user: TestUser) =>
    api.post('/chatroom/import', { token: user.accessToken, body: { messages: 'x'.repeat(MIB) } });

  test('one user has as much as one of the largest imports, and everybody together as two', async () => {
    const api = await start();
    const [one, two, three] = [await api.signUp(), await api.signUp(), await api.signUp()];
    const [upload] = await hold(api, `${post('/chatroom/import', IMPORT_LIMIT, bearer(one))}{`, 2, 1);
    expect((await large(api, three)).status).toBe(400);
    await hold(api, `${post('/chatroom/import', IMPORT_LIMIT, bearer(two))}{`, 2, 1);
    const refused = await large(api, three);
    expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([429, '5', TOO_MUCH]);
    // Everything else goes on.
    expect((await api.post('/chatroom', { token: one.accessToken, body: { name: 'Room' } })).status).toBe(201);
    upload?.destroy();
    await until('it is given back', async () => (await large(api, three)).status === 400);
  });

  test.each([
    ['strangers', '/auth/login', 4],
    ['webhooks', '/webhook/stripe', 8],
  ])('%s have a bound of their own, past which small ones still come', async (_whose, path, held) => {
    const api = await start();
    await hold(api, `${post(path, 512 * 1024)}{`, held + 4, held);
    expect((await api.post(path, { body: { identifier: 'nobody', password: 'wrong' } })).status).not.toBe(429);
    const user = await api.signUp();
    expect((await large(api, user)).status).toBe(400);
  });

  test('a body of unknown length counts once it is more than a small one', async () => {
    const api = await start();
    const user = await api.signUp();
    const chunked = post('/chatroom/import', 0, bearer(user)).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    await hold(api, `${chunked}5000\r\n${'['.repeat(0x5000)}\r\n`, 2, 1);
    const small = await fetch(`${api.origin}/chatroom`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
      body: new Blob(['{"name":"Room"}']).stream(),
      duplex: 'half',
    });
    expect(small.status).toBe(201);
  });
});

test('a body that comes a byte at a time is refused after a minute', async () => {
  const api = await start();
  const user = await api.signUp();
  const { socket, answer } = open(api, `${post('/chatroom', 1_000, bearer(user))}{`);
  const now = performance.now.bind(performance);
  let later = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + later);
  let isAnswered = false;
  void answer.then(() => (isAnswered = true));
  await until('it is refused', () => {
    later += 61_000;
    socket.write(' ');
    return isAnswered;
  });
  clock.mockRestore();
  expect(await answer).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
});

test.each([
  ['is no HTTP', 'NONSENSE\r\n\r\n'],
  ['names two hosts', 'GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'],
  ['breaks off', 'POST /auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n'],
])('a client whose request %s, and who never ends its connection, holds none', async (_what, text) => {
  const api = await start();
  const before = await connectionsOf(api);
  const answers = Array.from({ length: 20 }, () => open(api, text).answer);
  for (const answer of answers) {
    expect(await answer).toMatchObject({
      status: 400,
      body: problem(
        400,
        'bad_request',
        'The request could not be read',
        'The request line, a header or the framing of the body is malformed.',
      ),
    });
  }
  await until('they are gone', async () => (await connectionsOf(api)) === before, 10_000);
});
