import { DataSource } from 'typeorm';
import { AuthService } from '../../src/modules/auth/index.js';
import { newMobileNumber, newUsername, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { passTime } from '../support/passing-time.js';
import { INVALID_CREDENTIALS, INVALID_OTP } from '../support/problem.js';
import { recordStatements } from '../support/statements.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Challenge {
  readonly challenge_id: string;
  readonly otp: string;
}

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

const verify = (body: object) => api.post('/auth/verify-otp', { body });
const sessionsOf = async ({ id }: TestUser): Promise<number> => {
  const [row] = await api.app.get(DataSource).query<{ count: string }[]>('SELECT count(*) FROM sessions WHERE user_id = $1', [id]);
  return Number(row?.count);
};
const wrong = (otp: string, by = 1) => String((Number(otp) + by) % 1_000_000).padStart(6, '0');

/** Runs `count` calls, `at a time` of them together. */
async function inBatches<T>(count: number, atATime: number, call: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let start = 0; start < count; start += atATime) {
    results.push(...(await Promise.all(Array.from({ length: Math.min(atATime, count - start) }, (_, i) => call(start + i)))));
  }
  return results;
}

describe('a right code, a hundred times at once', () => {
  it.each([
    ['naming its challenge', true],
    ['not naming it', false],
  ])('gives one session, %s', async (_, named) => {
    const user = await api.signUp();
    const body = { mobile_number: user.mobileNumber, otp: user.otp, ...(named ? { challenge_id: user.challengeId } : {}) };
    const answers = await Promise.all(Array.from({ length: 100 }, () => verify(body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(99).fill(401)]);
    const live = await api.app
      .get(DataSource)
      .query<unknown[]>('SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL', [user.id]);
    expect(live).toHaveLength(named ? 2 : 1);
  });
});

describe('ten thousand guesses, the right code among them', () => {
  it('give no session, and leave the owner able to sign in', async () => {
    const user = await api.signUp();
    const { body: stolen } = await api.post<Challenge>('/auth/send-otp', { body: { mobile_number: user.mobileNumber } });
    const before = await sessionsOf(user);
    const auth = api.app.get(AuthService);
    // Half of them name the challenge that the attacker asked for; the right code is none of those that are first at
    // once, as a guesser must expect.
    const guess = (i: number) => ({
      mobileNumber: user.mobileNumber,
      otp: wrong(stolen.otp, i < 100 ? i + 1 : i - 100),
      challengeId: i % 2 === 0 ? stolen.challenge_id : null,
    });
    const outcomes = await inBatches(10_000, 100, (i) =>
      auth.verifyCode(null, guess(i), { device: null, ip: '127.0.0.1' }).catch((error: unknown) => (error as Error).name),
    );
    expect(new Set(outcomes)).toEqual(new Set(['InvalidOtpError']));
    const right = await inBatches(100, 100, (i) =>
      verify({ mobile_number: user.mobileNumber, otp: stolen.otp, ...(i % 2 === 0 ? { challenge_id: stolen.challenge_id } : {}) }),
    );
    expect(new Set(right.map(({ status }) => status))).toEqual(new Set([401]));
    expect(right[0]?.body).toEqual(INVALID_OTP);
    expect(await sessionsOf(user)).toBe(before);
    await passTime(api.app.get(DataSource), '61 seconds');
    const { body: own } = await api.post<Challenge>('/auth/send-otp', { body: { mobile_number: user.mobileNumber } });
    expect((await verify({ mobile_number: user.mobileNumber, otp: own.otp, challenge_id: own.challenge_id })).status).toBe(200);
  });
});

describe('guesses at a challenge under another number', () => {
  it('take the same statements when they are right, and use up no try', async () => {
    const user = await api.signUp();
    const guess = async (otp: string) => {
      let answer: unknown;
      const statements = await recordStatements(async () => {
        answer = (await verify({ mobile_number: newMobileNumber(), otp, challenge_id: user.challengeId })).body;
      });
      expect(answer).toEqual(INVALID_OTP);
      return statements;
    };
    const ofRight = await guess(user.otp);
    for (let i = 1; i <= 6; i += 1) expect(await guess(wrong(user.otp, i))).toEqual(ofRight);
    expect((await verify({ mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId })).status).toBe(200);
  });
});

describe('failures of an attacker elsewhere', () => {
  let proxied: TestApi;
  const from = (ip: string) => ({ 'x-forwarded-for': ip });

  beforeAll(async () => {
    // An address is what a trusted proxy says; codes are read from the database's own ids, as they come in no answer
    // then.
    proxied = await startTestApi({ DATABASE_URL: database.url, TRUSTED_PROXIES: '127.0.0.1', OTP_DELIVERY: 'log' });
  });

  afterAll(() => proxied.close());

  it('leave the owner able to sign in with the password', async () => {
    const user = await api.signUp();
    const logIn = (password: string, ip: string) =>
      proxied.post('/auth/login', { body: { identifier: user.username, password }, headers: from(ip) });
    await inBatches(30, 5, () => logIn('a wrong password', '203.0.113.66'));
    expect((await logIn(user.password, '203.0.113.66')).status).toBe(429);
    expect((await logIn(user.password, '198.51.100.7')).status).toBe(200);
  });

  it('leave the owner able to sign in with the code, though it is not named', async () => {
    const user = await api.signUp();
    const give = (otp: string, ip: string) =>
      proxied.post('/auth/verify-otp', { body: { mobile_number: user.mobileNumber, otp }, headers: from(ip) });
    for (let i = 1; i <= 20; i += 1) await give(wrong(user.otp, i), '203.0.113.66');
    expect((await give(user.otp, '203.0.113.66')).body).toEqual(INVALID_OTP);
    expect((await give(user.otp, '198.51.100.7')).status).toBe(200);
  });

  it('count one IPv6 subscriber as one address', async () => {
    const user = await api.signUp();
    const give = (otp: string, ip: string) =>
      proxied.post('/auth/verify-otp', { body: { mobile_number: user.mobileNumber, otp }, headers: from(ip) });
    for (let i = 1; i <= 5; i += 1) await give(wrong(user.otp, i), `2001:db8:1:2::${i}`);
    expect((await give(user.otp, '2001:db8:1:2:ffff::1')).body).toEqual(INVALID_OTP);
    expect((await give(user.otp, '2001:db8:1:3::1')).status).toBe(200);
  });

  it('are counted to where they come from when no proxy is trusted', async () => {
    const user = await api.signUp();
    const logIn = (password: string, ip: string) =>
      api.post('/auth/login', { body: { identifier: user.username, password }, headers: from(ip) });
    for (let i = 0; i < 10; i += 1) await logIn('a wrong password', `203.0.113.${i}`);
    expect((await logIn(user.password, '198.51.100.7')).status).toBe(429);
  });
});

describe('known and unknown accounts', () => {
  const requests: [
    name: string,
    send: (known: { username: string; mobileNumber: string }) => Promise<{ status: number; body: unknown }>,
  ][] = [
    [
      'POST /auth/login by username',
      ({ username }) => api.post('/auth/login', { body: { identifier: username, password: 'a wrong password' } }),
    ],
    [
      'POST /auth/login by number',
      ({ mobileNumber }) => api.post('/auth/login', { body: { identifier: mobileNumber, password: 'a wrong password' } }),
    ],
    ['POST /auth/send-otp', ({ mobileNumber }) => api.post('/auth/send-otp', { body: { mobile_number: mobileNumber } })],
    ['POST /auth/forgot-password', ({ mobileNumber }) => api.post('/auth/forgot-password', { body: { mobile_number: mobileNumber } })],
    ['POST /auth/verify-otp', ({ mobileNumber }) => verify({ mobile_number: mobileNumber, otp: '000000' })],
    [
      'POST /auth/verify-otp with a challenge',
      ({ mobileNumber }) => verify({ mobile_number: mobileNumber, otp: '000000', challenge_id: '019ab3f2-7a11-7d20-9c55-41b7f0c2a3de' }),
    ],
    [
      'POST /auth/reset-password',
      ({ mobileNumber }) =>
        api.post('/auth/reset-password', { body: { mobile_number: mobileNumber, otp: '000000', new_password: 'another long sentence' } }),
    ],
  ];

  it.each(requests)('%s answers the same after the same statements', async (_, send) => {
    const known = await api.signUp();
    const unknown = { username: newUsername(), mobileNumber: newMobileNumber() };
    const observe = async (account: { username: string; mobileNumber: string }) => {
      let answer = { status: 0, body: undefined as unknown };
      const statements = await recordStatements(async () => (answer = await send(account)));
      return {
        status: answer.status,
        fields: Object.keys(answer.body as object),
        code: (answer.body as { code?: unknown }).code,
        statements,
      };
    };
    await send(await api.signUp());
    const ofKnown = await observe(known);
    expect(ofKnown.statements.length).toBeGreaterThan(0);
    expect(await observe(unknown)).toEqual(ofKnown);
  });

  it('take the same work to refuse a password, within what a hash takes', async () => {
    const known = await api.signUp();
    // The test measures CPU time, because elapsed time depends on what else the machine does.
    const measured = async (identifier: string) => {
      const before = process.cpuUsage();
      const answer = await api.post('/auth/login', { body: { identifier, password: 'a wrong password' } });
      const { user, system } = process.cpuUsage(before);
      expect(answer.body).toEqual(INVALID_CREDENTIALS);
      return user + system;
    };
    const median = (times: number[]) => times.sort((one, other) => one - other)[4] ?? 0;
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let i = 0; i < 9; i += 1) {
      times.known.push(await measured(known.username));
      times.unknown.push(await measured(newUsername()));
    }
    const [ofKnown, ofUnknown] = [median(times.known), median(times.unknown)];
    // A refusal that computes no hash would take a tenth of the time.
    expect(Math.max(ofKnown, ofUnknown) / Math.min(ofKnown, ofUnknown)).toBeLessThan(3);
  });
});
