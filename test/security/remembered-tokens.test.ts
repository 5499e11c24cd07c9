import { DataSource } from 'typeorm';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const [FIRST, SECOND, THIRD] = ['first', 'second', 'third'].map((name) => `the ${name} key of these tests, 0123456789abcdef`);

let database: TestDatabase;
const apis: TestApi[] = [];
const start = async (settings: {
  JWT_SECRET?: string | undefined;
  JWT_SECRET_PREVIOUS?: string | undefined;
  ACCESS_TOKEN_TTL?: string;
}) => {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const api = await startTestApi({ DATABASE_URL: database.url, ...given });
  apis.push(api);
  return api;
};
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.close()));
});
afterAll(() => database.drop());

const ask = async (api: TestApi, { accessToken }: TestUser) =>
  (await api.get<{ code?: string }>('/user/me', { token: accessToken })).body.code ?? 'accepted';

/** Makes the process verify and remember the token. */
async function remember(api: TestApi, user: TestUser): Promise<void> {
  for (let i = 0; i < 3; i += 1) expect(await ask(api, user)).toBe('accepted');
}

describe('a token that a process remembers is refused with its next request', () => {
  test('when another process has ended its session', async () => {
    const [remembering, ending] = [await start({}), await start({})];
    const user = await remembering.signUp();
    await remember(remembering, user);
    expect((await ending.post('/auth/logout', { token: user.accessToken })).status).toBe(204);
    expect(await ask(remembering, user)).toBe('session_ended');
  });

  test('when its user was disabled, and is accepted again when the user is enabled', async () => {
    const api = await start({});
    const user = await api.signUp();
    await remember(api, user);
    const setDisabled = (value: string) =>
      api.app.get(DataSource).query(`UPDATE users SET disabled_at = ${value} WHERE id = $1`, [user.id]);
    await setDisabled('now()');
    expect(await ask(api, user)).toBe('account_disabled');
    await setDisabled('NULL');
    expect(await ask(api, user)).toBe('accepted');
  });

  test('when its key was rotated out: by the process that starts without it', async () => {
    const before = await start({ JWT_SECRET: FIRST });
    const user = await before.signUp();
    await remember(before, user);
    const during = await start({ JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: FIRST });
    await remember(during, user);
    const after = await start({ JWT_SECRET: THIRD, JWT_SECRET_PREVIOUS: SECOND });
    expect(await ask(after, user)).toBe('invalid_token');
  });

  test('when it has expired', async () => {
    const api = await start({ ACCESS_TOKEN_TTL: '60s' });
    const user = await api.signUp();
    await remember(api, user);
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 60_000);
    try {
      expect(await ask(api, user)).toBe('token_expired');
    } finally {
      clock.mockRestore();
    }
  });
});

describe('requests that are answered together', () => {
  test('each get what belongs to their own token', async () => {
    const api = await start({});
    const users = [await api.signUp(), await api.signUp(), await api.signUp()];
    const [ended] = users;
    if (!ended) throw new Error('no user');
    await api.post('/auth/logout', { token: ended.accessToken });
    const tokens = Array.from({ length: 150 }, (_, i) => users[i % users.length]);
    const answers = await Promise.all(
      tokens.map(async (user) => (await api.get<{ id?: string; code?: string }>('/user/me', { token: user?.accessToken ?? '' })).body),
    );
    expect(answers.map(({ id, code }) => code ?? id)).toEqual(tokens.map((user) => (user === ended ? 'session_ended' : user?.id)));
  });
});
