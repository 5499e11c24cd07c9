import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, CORS_ORIGINS: 'loopback' });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const allowed = async (origin: string) => {
  const { headers } = await fetch(`${api.origin}/health/live`, { headers: { origin } });
  return [headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')];
};

test('CORS_ORIGINS=loopback lets pages of this machine in, from any port, and no others', async () => {
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1:8080', 'http://[::1]:3001', 'https://localhost']) {
    expect(await allowed(origin)).toEqual([origin, 'true']);
  }
  for (const origin of ['null', 'http://localhost.example.com', 'http://127.0.0.1.example.com:80', 'http://192.168.0.2:5173', 'loopback']) {
    expect((await allowed(origin))[0]).toBeNull();
  }
});

test("the API's own page may use the refresh cookie, and another page may not", async () => {
  const user = await api.signUp();
  const production = await startTestApi({ DATABASE_URL: database.url });
  const { headers } = await production.post('/auth/login', {
    body: { identifier: user.username, password: user.password, refresh_in: 'cookie' },
  });
  const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  const refresh = async (origin: string) => (await production.post('/auth/refresh', { body: {}, headers: { cookie, origin } })).status;
  expect(await refresh('https://example.com')).toBe(403);
  expect(await refresh(production.origin)).toBe(200);
  await production.close();
});
