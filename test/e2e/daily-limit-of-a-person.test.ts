import { DataSource } from 'typeorm';
import { newMobileNumber, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { runSql } from '../support/administrator.js';
import { passTime } from '../support/passing-time.js';
import { problem, TIME } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const LIMIT_REACHED = problem(429, 'daily_limit_reached', 'The daily message limit is reached', 'The plan includes 5 messages a UTC day.', {
  limit: 5,
  used: 5,
  resets_at: expect.stringMatching(TIME),
  retry_after: expect.any(Number),
});

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url });
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const send = async ({ accessToken: token }: { accessToken: string }, count: number) => {
  const room = await api.post<{ id: string }>('/chatroom', { body: { name: 'A room' }, token });
  const answers = [];
  for (let i = 0; i < count; i += 1)
    answers.push(await api.post(`/chatroom/${room.body.id}/message`, { body: { content: 'hello' }, token }));
  return answers;
};
const usedToday = async ({ accessToken: token }: { accessToken: string }): Promise<number> =>
  (await api.get<{ used_today: number }>('/subscription/status', { token })).body.used_today;
const verify = (user: TestUser) =>
  api.post('/auth/verify-otp', { body: { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId } });
const erase = async ({ accessToken: token, password }: TestUser) => {
  expect((await api.delete('/user/me', { body: { password }, token })).status).toBe(204);
};
/** The next day of the same person, as the codes of a number are limited too. */
const anHourLater = () => passTime(api.app.get(DataSource), '1 hour');

describe('the daily limit of a person', () => {
  it('goes on when the account is erased and made again, any number of times', async () => {
    const mobileNumber = newMobileNumber();
    const first = await api.signUp({ mobileNumber });
    await verify(first);
    expect((await send(first, 3)).map(({ status }) => status)).toEqual([202, 202, 202]);
    await erase(first);

    const second = await api.signUp({ mobileNumber });
    expect(await usedToday(second)).toBe(3);
    await verify(second);
    expect(await usedToday(second)).toBe(3);
    const answers = await send(second, 3);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 429]);
    expect(answers[2]?.body).toEqual(LIMIT_REACHED);
    await erase(second);

    await anHourLater();
    const third = await api.signUp({ mobileNumber });
    const [refused] = await send(third, 1);
    expect(refused?.body).toEqual(LIMIT_REACHED);
    await verify(third);
    expect(await usedToday(third)).toBe(5);
    await erase(third);
    await anHourLater();
    expect(await usedToday(await api.signUp({ mobileNumber }))).toBe(5);
  });

  it('counts what was sent before the number was verified', async () => {
    const mobileNumber = newMobileNumber();
    const user = await api.signUp({ mobileNumber });
    await send(user, 4);
    await verify(user);
    expect(await usedToday(user)).toBe(4);
    await erase(user);
    expect(await usedToday(await api.signUp({ mobileNumber }))).toBe(4);
  });

  it('does not go on from an account whose number was never verified: anybody can sign up with it', async () => {
    const mobileNumber = newMobileNumber();
    const stranger = await api.signUp({ mobileNumber });
    await send(stranger, 5);
    await erase(stranger);
    const owner = await api.signUp({ mobileNumber });
    expect(await usedToday(owner)).toBe(0);
  });

  it('is not used up by whoever squatted on the number, and begins with what the person has used', async () => {
    const mobileNumber = newMobileNumber();
    const first = await api.signUp({ mobileNumber });
    await verify(first);
    await send(first, 2);
    await erase(first);

    const squatter = await api.signUp({ mobileNumber });
    await send(squatter, 3);
    await anHourLater();
    const { body: code } = await api.post<{ otp: string; challenge_id: string }>('/auth/send-otp', {
      body: { mobile_number: mobileNumber },
    });
    const owner = await api.post<{ access_token: string }>('/auth/verify-otp', { body: { mobile_number: mobileNumber, otp: code.otp } });
    expect(await usedToday({ accessToken: owner.body.access_token })).toBe(2);
  });

  it('adds what is kept to what was sent, where an earlier release made the account', async () => {
    const mobileNumber = newMobileNumber();
    const first = await api.signUp({ mobileNumber });
    await verify(first);
    await send(first, 2);
    await erase(first);
    const second = await api.signUp({ mobileNumber });
    await runSql(database.url, 'DELETE FROM usage_days WHERE user_id = $1', [second.id]);
    await send(second, 1);
    await verify(second);
    expect(await usedToday(second)).toBe(3);
  });

  it('is exact when messages are sent while the account is erased', async () => {
    const mobileNumber = newMobileNumber();
    const first = await api.signUp({ mobileNumber });
    await verify(first);
    const [, ...sent] = await Promise.all([erase(first), ...Array.from({ length: 5 }, () => send(first, 1).catch(() => []))]);
    const accepted = sent.flat().filter(({ status }) => status === 202).length;
    expect(await usedToday(await api.signUp({ mobileNumber }))).toBe(accepted);
  });

  it('is kept under a keyed hash and nothing else, and no account counts as used that was only verified', async () => {
    const user = await api.signUp();
    await verify(user);
    expect(await runSql(database.url, 'SELECT * FROM usage_days WHERE user_id = $1', [user.id])).toEqual([]);
    await send(user, 1);
    await erase(user);
    const kept = await runSql<object>(database.url, 'SELECT * FROM erased_days');
    expect(new Set(kept.flatMap((row) => Object.keys(row)))).toEqual(new Set(['day', 'number_hash', 'messages']));
    expect(JSON.stringify(kept)).not.toContain(user.mobileNumber.slice(1));
  });
});

describe('a new JWT_SECRET', () => {
  it('finds the days that were kept under the previous one, while that is set', async () => {
    const mobileNumber = newMobileNumber();
    const first = await api.signUp({ mobileNumber });
    await verify(first);
    await send(first, 5);
    await erase(first);
    const secrets = {
      JWT_SECRET: 'another-only-for-tests-0123456789abcdef-secret',
      JWT_SECRET_PREVIOUS: api.config.JWT_SECRET ?? '',
    };
    const rotated = await startTestApi({ DATABASE_URL: database.url, ...secrets });
    try {
      const { accessToken: token } = await rotated.signUp({ mobileNumber });
      expect((await rotated.get('/subscription/status', { token })).body).toMatchObject({ used_today: 5, remaining_today: 0 });
    } finally {
      await rotated.close();
    }
  });
});
