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
/** Each test of an API that all share comes from a network of its own. */
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const logIn = (api: TestApi, ip = '192.0.2.1') =>
  api.post('/auth/login', { body: { identifier: newUsername(), password: 'wrong' }, headers: from(ip) });
const statusesOf = async (count: number, send: () => Promise<{ status: number }>) => {
  const statuses: number[] = [];
  for (let i = 0; i < count; i += 1) statuses.push((await send()).status);
  return statuses;
};

for (const engine of ENGINES) {
  describeOn(engine, `throttling counted in ${engine}`, () => {
    let redis: TestRedis | null;
    let api: TestApi;
    beforeAll(async () => {
      redis = await startEngine(engine);
      api = await startTestApi({
        DATABASE_URL: database.url,
        ...settingsOf(redis),
        TRUSTED_PROXIES: '1',
        OTP_DELIVERY: 'log',
        THROTTLE_USER_LIMIT: '5',
        THROTTLE_ADDRESS_LIMIT: '3',
        // What three users need to sign up.
        THROTTLE_SIGN_IN_LIMIT: '6',
      });
    });
    afterAll(async () => {
      await api.close();
      await redis?.stop();
    });

    test('a user has a budget in a window, over all routes and sessions; another user has another', async () => {
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
      const { accessToken } = await api.signUp();
      const headers = from('192.0.2.2');
      const forged = `${accessToken.slice(0, -4)}AAAA`;
      expect(await statusesOf(4, () => api.get('/user/me', { token: forged, headers }))).toEqual([401, 401, 401, 429]);
      expect((await api.get('/user/me', { headers })).status).toBe(429);
      expect((await api.get('/user/me', { token: accessToken, headers })).status).toBe(200);
    });

    test('signing in has a budget of its own', async () => {
      expect(await statusesOf(7, () => logIn(api, '192.0.2.3'))).toEqual([...Array<number>(6).fill(401), 429]);
      expect((await logIn(api, '192.0.2.3')).headers.get('ratelimit-policy')).toBe('"sign_in";q=6;w=10');
    });

    test('health is exempt', async () => {
      expect(await statusesOf(5, () => api.get('/health/live', { headers: from('192.0.2.4') }))).toEqual(Array(5).fill(200));
    });

    test('the address is what the trusted proxy saw, whatever the client claimed before', async () => {
      expect(await statusesOf(6, () => logIn(api, '9.9.9.9, 192.0.2.5'))).toEqual(Array(6).fill(401));
      expect((await logIn(api, '8.8.8.8, 192.0.2.5')).status).toBe(429);
      expect((await logIn(api, '9.9.9.9, 192.0.2.6')).status).toBe(401);
    });

    test('the address is one, with or without its port, and nothing else is believed', async () => {
      const addresses = ['192.0.2.8', '192.0.2.8:1', '192.0.2.8:65535', '[::ffff:192.0.2.8]:9', '::ffff:192.0.2.8'];
      for (const address of addresses) expect((await logIn(api, address)).status).toBe(401);
      expect((await logIn(api, '9.9.9.9, 192.0.2.8:80')).status).toBe(401);
      expect((await logIn(api, '192.0.2.8')).status).toBe(429);
      const claims = ['x', 'unknown', '192.0.2.9, nonsense', '999.1.1.1', '"192.0.2.10"', "';--"];
      for (const claim of claims) await logIn(api, claim);
      expect((await logIn(api, 'something else')).status).toBe(429);
    });

    test('the address is the network of an IPv6 subscriber, who has addresses without number', async () => {
      expect(await statusesOf(6, () => logIn(api, '2001:db8:1:2::1'))).toEqual(Array(6).fill(401));
      expect((await logIn(api, '2001:db8:1:2:3::4')).status).toBe(429);
      expect((await logIn(api, '2001:db8:1:3::1')).status).toBe(401);
    });
  });
}

test('requests for which Stripe is asked have a budget of their own', async () => {
  const api = await start({ THROTTLE_PAYMENT_LIMIT: '4', THROTTLE_USER_LIMIT: '5' });
  const { accessToken: token } = await api.signUp();
  const send = () => api.post('/subscription/cancel', { token });
  const first = await send();
  expect([first.headers.get('ratelimit-policy'), first.headers.get('ratelimit')]).toEqual(['"payment";q=4;w=10', '"payment";r=3;t=10']);
  const returned = () => api.get('/subscription/status?checkout_session_id=cs_1', { token });
  expect(await statusesOf(3, returned)).toEqual([404, 404, 404]);
  expect(await send()).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  expect((await api.get('/user/me/export', { token })).status).toBe(429);
  // Other requests are counted apart, the status without a page among them.
  expect((await api.get('/subscription/status', { token })).headers.get('ratelimit')).toMatch(/^"user";r=4;/);
});

test('nothing is counted where throttling is off', async () => {
  const api = await start({ THROTTLE_SIGN_IN_LIMIT: '1', THROTTLE_ENABLED: 'false' });
  expect(await statusesOf(3, () => logIn(api))).toEqual([401, 401, 401]);
  expect((await logIn(api)).headers.get('ratelimit')).toBeNull();
});

describe('the address of a client', () => {
  const LIMIT = { THROTTLE_SIGN_IN_LIMIT: '1', OTP_DELIVERY: 'log' };

  test.each([[{}], [{ TRUSTED_PROXIES: '0' }]])('is that of the connection where no proxy is trusted: %j', async (proxies) => {
    const api = await start({ ...LIMIT, ...proxies });
    expect([(await logIn(api, '1.1.1.1')).status, (await logIn(api, '2.2.2.2')).status]).toEqual([401, 429]);
  });

  test('is found behind a list of networks', async () => {
    const api = await start({ ...LIMIT, TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.0/8' });
    expect((await logIn(api, '1.1.1.1, 10.1.2.3')).status).toBe(401);
    expect((await logIn(api, '1.1.1.1, 10.3.2.1')).status).toBe(429);
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
    const printed = jest.spyOn(console, 'error');
    await redis.kill();
    expect(await statusesOf(5, () => logIn(one))).toEqual([401, 401, 401, 401, 429]);
    expect(await statusesOf(5, () => logIn(two))).toEqual([401, 401, 401, 401, 429]);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });
});
