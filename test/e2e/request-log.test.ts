import { once } from 'node:events';
import { connect } from 'node:net';
import { CapturedLog } from '../support/captured-log.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const log = new CapturedLog();
let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, LOG_LEVEL: 'info' }, log);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

/** The lines of the requests that `work` makes. */
async function linesOf(count: number, work: () => Promise<unknown>): Promise<object[]> {
  const before = log.requests().length;
  await work();
  await until('the lines are written', () => log.requests().length >= before + count);
  return log.requests().slice(before);
}

const headers = { 'x-request-id': 'test-1' };
const line = { context: 'Http', level: 'info', msg: 'request', request_id: 'test-1', address: '127.0.0.1' };

test('a request is logged once: its method, route, status, user, address and id, never its path, query or body', async () => {
  const user = await api.signUp();
  const create = () =>
    api.post('/chatroom?secret=in-the-query', { token: user.accessToken, headers, body: { name: 'private name', surprise: 1 } });
  expect(await linesOf(1, create)).toEqual([
    { ...line, method: 'POST', route: '/chatroom', status: 400, user_id: user.id, problem: 'validation_failed' },
  ]);
  const { body: room } = await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: {} });
  expect(await linesOf(1, () => api.get(`/chatroom/${room.id}`, { token: user.accessToken, headers }))).toEqual([
    { ...line, method: 'GET', route: '/chatroom/:chatroom_id', status: 200, user_id: user.id },
  ]);
  expect(JSON.stringify(log.lines)).not.toMatch(/in-the-query|private name/);
  expect(JSON.stringify(log.lines)).not.toContain(room.id);
});

test('a refusal is information, and is named by the code of its problem', async () => {
  expect(await linesOf(1, () => api.get('/nowhere', { headers }))).toEqual([
    { ...line, method: 'GET', route: null, status: 404, problem: 'not_found' },
  ]);
  expect(await linesOf(1, () => api.get('/user/me', { headers }))).toEqual([
    { ...line, method: 'GET', route: '/user/me', status: 401, problem: 'invalid_token' },
  ]);
  expect(await linesOf(1, () => api.get('/chatroom/%zz', { headers }))).toEqual([
    { ...line, method: 'GET', route: null, status: 400, problem: 'bad_request' },
  ]);
});

test('bytes that are no request are logged without a route', async () => {
  const { port } = new URL(api.origin);
  const lines = await linesOf(1, async () => {
    const socket = connect(Number(port), '127.0.0.1').end('nonsense\r\n\r\n').resume();
    await once(socket, 'close');
  });
  expect(lines).toEqual([
    {
      context: 'Http',
      level: 'info',
      msg: 'request',
      method: null,
      route: null,
      status: 400,
      address: '127.0.0.1',
      problem: 'bad_request',
      request_id: expect.any(String) as string,
    },
  ]);
});

test('health and metrics are not logged', async () => {
  const lines = await linesOf(1, async () => {
    for (const path of ['/health/live', '/health/ready', '/metrics']) await api.get(path, { headers });
    await api.get('/plans', { headers });
  });
  expect(lines).toEqual([{ ...line, method: 'GET', route: '/plans', status: 200 }]);
});

test('a request whose client leaves before the end is logged as aborted', async () => {
  const { port } = new URL(api.origin);
  const [aborted] = await linesOf(1, async () => {
    const received = once(api.app.getHttpServer(), 'request');
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    await received;
    socket.destroy();
  });
  expect(aborted).toMatchObject({ method: 'POST', route: '/auth/login', aborted: true });
});

test('what the service is without is one error, and each request that meets it a warning', async () => {
  const linesBefore = log.lines.length;
  const without = await startTestApi(
    {
      DATABASE_URL: database.url,
      LOG_LEVEL: 'info',
      STRIPE_SECRET_KEY: 'sk_test_simulated',
      STRIPE_BASE_URL: 'http://127.0.0.1:9',
      STRIPE_WEBHOOK_SECRET: 'whsec_of_the_tests',
      STRIPE_PRICE_PRO_ID: 'price_1',
      FRONTEND_URL: 'https://app.example.com',
    },
    // The loggers of a process share one destination.
    log,
  );
  const warning = { ...line, level: 'warn', method: 'GET', route: '/plans', status: 503, problem: 'billing_unavailable' };
  try {
    const askThrice = async () => {
      for (let n = 0; n < 3; n += 1) await without.get('/plans', { headers });
    };
    expect(await linesOf(3, askThrice)).toEqual([warning, warning, warning]);
  } finally {
    await without.close();
  }
  expect(log.lines.slice(linesBefore).filter(({ level }) => level === 'error')).toEqual([
    expect.objectContaining({
      context: 'ProblemFilter',
      request_id: 'test-1',
      err: expect.objectContaining({ type: 'BillingUnavailableError' }),
    }),
  ]);
});

test('any other 5xx is an error', async () => {
  const user = await api.signUp();
  await database.drop();
  const [failed] = await linesOf(1, () => api.get('/user/me', { token: user.accessToken, headers }));
  expect(failed).toMatchObject({ ...line, level: 'error', method: 'GET', route: '/user/me', status: expect.any(Number) as number });
});
