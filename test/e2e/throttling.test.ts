import { newUsername, startTestApi, type Settings, type TestApi } from '../support/api.js';
import { describeOn, ENGINES, settingsOf, startEngine } from '../support/engines.js';
import type { TestRedis } from '../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
const apis: TestApi[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.close()));
});

const start = async (settings: Settings): Promise<TestApi> => {
  const api = await startTestApi({ DATABASE_URL: database.url, ...settings });
  apis.push(api);
  return api;
};
const logIn = (api: TestApi, headers: Record<string, string> = {}) =>
  api.post<{ code: string; retry_after?: number; request_id: string }>('/auth/login', {
    body: { identifier: newUsername(), password: 'wrong' },
    headers,
  });
const statusesOf = async (count: number, send: () => Promise<{ status: number }>) => {
  const statuses: number[] = [];
  for (let i = 0; i < count; i += 1) statuses.push((await send()).status);
  return statuses;
};

for (const engine of ENGINES) {
  describeOn(engine, `throttling counted in ${engine}`, () => {
    let redis: TestRedis | null;
    beforeEach(async () => {
      redis = await startEngine(engine);
    });
    afterEach(async () => {
      await Promise.all(apis.splice(0).map((api) => api.close()));
      await redis?.stop();
    });

    test('a user has a budget in a window, over all routes and sessions; another user has another', async () => {
      const api = await start({ ...settingsOf(redis), THROTTLE_USER_LIMIT: '5' });
      const [user, other] = [await api.signUp(), await api.signUp()];
      const me = () => api.get<{ code: string; retry_after: number }>('/user/me', { token: user.accessToken });
      const first = await me();
      expect([first.headers.get('ratelimit-policy'), first.headers.get('ratelimit')]).toEqual(['"user";q=5;w=10', '"user";r=4;t=10']);
      await api.get('/chatroom', { token: user.accessToken });
      expect(await statusesOf(4, me)).toEqual([200, 200, 200, 429]);
      const refused = await me();
      expect(refused.body).toEqual({
        type: 'urn:problem-type:rate_limited',
        title: 'Too many requests',
        status: 429,
        detail: expect.any(String) as string,
        code: 'rate_limited',
        request_id: refused.headers.get('x-request-id'),
        retry_after: Number(refused.headers.get('retry-after')),
      });
      expect(refused.body.retry_after).toBeGreaterThan(0);
      expect(refused.headers.get('ratelimit')).toMatch(/^"user";r=0;t=\d+$/);
      expect((await api.get('/user/me', { token: other.accessToken })).status).toBe(200);
    });

    test('requests without a genuine token are counted by address, and bring nobody closer to a limit but themselves', async () => {
      const api = await start({ ...settingsOf(redis), THROTTLE_ADDRESS_LIMIT: '3' });
      const { accessToken } = await api.signUp();
      const forged = `${accessToken.slice(0, -4)}AAAA`;
      expect(await statusesOf(4, () => api.get('/user/me', { token: forged }))).toEqual([401, 401, 401, 429]);
      expect((await api.get('/user/me')).status).toBe(429);
      expect((await api.get('/user/me', { token: accessToken })).status).toBe(200);
    });

    test('signing in has a stricter budget', async () => {
      const api = await start({ ...settingsOf(redis), THROTTLE_SIGN_IN_LIMIT: '3' });
      expect(await statusesOf(4, () => logIn(api))).toEqual([401, 401, 401, 429]);
      expect((await logIn(api)).headers.get('ratelimit-policy')).toBe('"sign_in";q=3;w=10');
    });

    test('health is exempt, and so is everything where throttling is off', async () => {
      const api = await start({ ...settingsOf(redis), THROTTLE_ADDRESS_LIMIT: '1', THROTTLE_SIGN_IN_LIMIT: '1' });
      expect(await statusesOf(3, () => api.get('/health/live'))).toEqual([200, 200, 200]);
      const open = await start({ ...settingsOf(redis), THROTTLE_SIGN_IN_LIMIT: '1', THROTTLE_ENABLED: 'false' });
      expect(await statusesOf(3, () => logIn(open))).toEqual([401, 401, 401]);
      expect((await logIn(open)).headers.get('ratelimit')).toBeNull();
    });
  });
}

describe('the address of a client', () => {
  const from = (api: TestApi, forwarded: string) => logIn(api, { 'x-forwarded-for': forwarded });
  const LIMIT = { THROTTLE_SIGN_IN_LIMIT: '1', OTP_DELIVERY: 'log' };

  test('is that of the connection where no proxy is trusted', async () => {
    const api = await start(LIMIT);
    expect([(await from(api, '1.1.1.1')).status, (await from(api, '2.2.2.2')).status]).toEqual([401, 429]);
  });

  test('is what the trusted proxy saw, whatever the client claimed before', async () => {
    const api = await start({ ...LIMIT, TRUSTED_PROXIES: '1' });
    expect((await from(api, '9.9.9.9, 1.1.1.1')).status).toBe(401);
    expect((await from(api, '8.8.8.8, 1.1.1.1')).status).toBe(429);
    expect((await from(api, '9.9.9.9, 2.2.2.2')).status).toBe(401);
  });

  test('is found behind a list of networks', async () => {
    const api = await start({ ...LIMIT, TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8' });
    expect((await from(api, '1.1.1.1, 10.1.2.3')).status).toBe(401);
    expect((await from(api, '1.1.1.1, 10.3.2.1')).status).toBe(429);
  });

  test('is the network of an IPv6 subscriber, who has addresses without number', async () => {
    const api = await start({ ...LIMIT, TRUSTED_PROXIES: '1' });
    expect((await from(api, '2001:db8:1:2::1')).status).toBe(401);
    expect((await from(api, '2001:db8:1:2:3::4')).status).toBe(429);
    expect((await from(api, '2001:db8:1:3::1')).status).toBe(401);
  });

  test('0 proxies trust nobody', async () => {
    const api = await start({ ...LIMIT, TRUSTED_PROXIES: '0' });
    expect([(await from(api, '1.1.1.1')).status, (await from(api, '2.2.2.2')).status]).toEqual([401, 429]);
  });
});

describeOn('redis', 'throttling over several processes', () => {
  let redis: TestRedis;
  beforeEach(async () => {
    redis = (await startEngine('redis')) as TestRedis;
  });
  afterEach(async () => {
    await Promise.all(apis.splice(0).map((api) => api.close()));
    await redis.stop();
  });

  test('two processes count together, and each for itself while Redis is away: never open', async () => {
    const settings = { ...settingsOf(redis), THROTTLE_SIGN_IN_LIMIT: '4' };
    const [one, two] = [await start(settings), await start(settings)];
    expect([...(await statusesOf(2, () => logIn(one))), ...(await statusesOf(2, () => logIn(two)))]).toEqual([401, 401, 401, 401]);
    expect([(await logIn(one)).status, (await logIn(two)).status]).toEqual([429, 429]);
    await redis.kill();
    expect(await statusesOf(5, () => logIn(one))).toEqual([401, 401, 401, 401, 429]);
    expect(await statusesOf(5, () => logIn(two))).toEqual([401, 401, 401, 401, 429]);
  });
});
