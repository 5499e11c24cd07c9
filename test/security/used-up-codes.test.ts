import { type INestApplicationContext, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { OneTimeCodesService } from '../../src/modules/auth/one-time-codes.service.js';
import { UsersService } from '../../src/modules/users/index.js';
import { startTwilio, type TwilioRequest } from '../integration/otp-delivery/vendor-servers.js';
import { newMobileNumber, newUsername, type Settings, startTestApi, type TestApi } from '../support/api.js';
import { runSql } from '../support/administrator.js';
import { passTime } from '../support/passing-time.js';
import { INVALID_CREDENTIALS, INVALID_OTP, problem } from '../support/problem.js';
import { startTestWorker } from '../support/stack.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

interface Challenge {
  readonly challenge_id: string;
}

const PASSWORD = 'correct horse battery';
const RATE_LIMITED = problem(429, 'rate_limited', 'Too many requests', 'Too many requests in a short time. Wait for retry_after seconds.', {
  retry_after: expect.any(Number),
});

let database: TestDatabase;
let twilio: Awaited<ReturnType<typeof startTwilio>>;

beforeAll(async () => {
  database = await createTestDatabase();
  twilio = await startTwilio();
});

afterAll(async () => {
  await twilio.stop();
  await database.drop();
});

// Behind a proxy, so that requests come from any network.
const start = (settings: Settings): Promise<TestApi> =>
  startTestApi({ DATABASE_URL: database.url, TRUSTED_PROXIES: '127.0.0.1', OTP_DELIVERY: 'log', ...settings });

/** Speaks to an API from an address. */
const from = (api: TestApi, ip: string) => {
  const headers = { 'x-forwarded-for': ip };
  const post = <Body>(path: string, body: object) => api.post<Body>(path, { body, headers });
  return {
    signUp: (mobileNumber = newMobileNumber(), username = newUsername()) =>
      post<Challenge>('/auth/signup', { username, mobile_number: mobileNumber, password: PASSWORD }),
    logIn: (identifier: string, password: string) => post<Challenge & { access_token: string }>('/auth/login', { identifier, password }),
    sendOtp: (mobile_number: string) => post<Challenge>('/auth/send-otp', { mobile_number }),
    verify: (body: object) => post<object>('/auth/verify-otp', body),
  };
};

const markVerified = (mobileNumber: string) =>
  runSql(database.url, 'UPDATE users SET verified_at = now() WHERE mobile_number = $1', [mobileNumber]);
const codeOf = ({ config }: TestApi, challengeId: string): string => new OneTimeCodesService(config).codeOf(challengeId);
const wrong = (otp: string) => String((Number(otp) + 1) % 1_000_000).padStart(6, '0');

describe('the budget of SMS', () => {
  let api: TestApi;
  let worker: INestApplicationContext;
  let logged: string[];

  beforeAll(async () => {
    const settings: Settings = {
      DATABASE_URL: database.url,
      OTP_DELIVERY: 'twilio',
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: 'a token',
      TWILIO_FROM: '+14155550100',
      TWILIO_BASE_URL: twilio.url,
      SMS_DAILY_BUDGET: '20',
      SWEEP_INTERVAL: '200ms',
      ADMIN_REQUIRE_OTP: 'true',
      LOG_LEVEL: 'warn',
      NETWORK_SIGN_UPS_PER_HOUR: '10',
    };
    logged = [];
    for (const level of ['warn', 'error'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((...[line]: unknown[]) => {
        logged.push(String(line));
      });
    }
    api = await start(settings);
    worker = await startTestWorker(settings);
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await api.close();
    await worker.close();
  });

  const smsTo = (number: string): TwilioRequest[] => twilio.requests.filter(({ form }) => form['To'] === number);
  const allSettled = () =>
    until(
      'every code is settled',
      async () => (await runSql(database.url, 'SELECT id FROM otp_challenges WHERE settled_at IS NULL')).length === 0,
    );
  const codeIn = ({ form }: TwilioRequest): string => /^\d{6}/.exec(form['Body'] ?? '')?.[0] ?? '';

  it('is kept in part for administrators and verified accounts: an administrator signs in while an attack runs from many networks', async () => {
    const admin = { username: newUsername(), mobileNumber: newMobileNumber() };
    await api.app.get(UsersService).createAdministrator({ ...admin, password: PASSWORD, email: null });
    const user = newMobileNumber();
    await from(api, '198.51.100.1').signUp(user);
    await until('the user has an SMS', () => smsTo(user).length === 1);
    await markVerified(user);

    let stopped = false;
    const isStopped = () => stopped;
    const attack = async (attacker: number) => {
      for (let i = 0; !isStopped(); i += 1) {
        await from(api, `10.${attacker}.${i % 250}.1`).signUp();
      }
    };
    const attackers = [attack(1), attack(2)];
    try {
      await until('strangers have used up their part', () => logged.some((line) => line.includes('is used up')), 60_000);
      const login = await from(api, '203.0.113.7').logIn(admin.username, PASSWORD);
      expect(login.body).toMatchObject({ code: 'otp_required' });
      await until('the administrator has an SMS', () => smsTo(admin.mobileNumber).length === 1, 60_000);
      const [sms] = smsTo(admin.mobileNumber);
      if (!sms) throw new Error('no SMS went to the administrator');
      const body = { mobile_number: admin.mobileNumber, otp: codeIn(sms), challenge_id: login.body.challenge_id };
      expect((await from(api, '203.0.113.7').verify(body)).status).toBe(200);

      const sent = smsTo(user).length;
      expect((await from(api, '203.0.113.8').sendOtp(user)).status).toBe(202);
      await until('the user has an SMS', () => smsTo(user).length === sent + 1, 60_000);
    } finally {
      stopped = true;
      await Promise.all(attackers);
    }
    await allSettled();
    // 16 to numbers that nobody has verified, and the two above.
    expect(twilio.requests).toHaveLength(18);
    expect(logged.some((line) => line.includes('13 of 16 SMS were sent within 24 hours'))).toBe(true);
  });

  it('is not spent by one network', async () => {
    const answers = [];
    for (let i = 0; i < 11; i += 1) answers.push(await from(api, '192.0.2.66').signUp());
    expect(answers.map(({ status }) => status)).toEqual([...Array<number>(10).fill(201), 429]);
    expect(answers[10]?.body).toEqual(RATE_LIMITED);
    expect(Number(answers[10]?.headers.get('retry-after'))).toBeGreaterThan(3_000);
  });
});

describe('sign-ups and codes of a network', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await start({
      NETWORK_SIGN_UPS_PER_HOUR: '3',
      NETWORK_SIGN_UPS_PER_DAY: '5',
      NETWORK_CODES_PER_HOUR: '4',
      NETWORK_CODES_PER_DAY: '6',
    });
  });

  afterAll(() => api.close());

  const signUps = async (ips: string[]) => {
    const statuses = [];
    for (const ip of ips) statuses.push((await from(api, ip).signUp()).status);
    return statuses;
  };

  it('are limited in an hour and in a day', async () => {
    expect(await signUps(Array<string>(4).fill('192.0.1.1'))).toEqual([201, 201, 201, 429]);
    await passTime(api.app.get(DataSource), '61 minutes');
    expect(await signUps(Array<string>(3).fill('192.0.1.1'))).toEqual([201, 201, 429]);
    await passTime(api.app.get(DataSource), '1 day');
    expect(await signUps(['192.0.1.1'])).toEqual([201]);
  });

  it('are limited exactly, however many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => from(api, '192.0.9.1').sendOtp(newMobileNumber())));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(4);
    expect(answers.find(({ status }) => status === 429)?.body).toEqual(RATE_LIMITED);
  });

  it('are counted by the /64 of IPv6, and twice as many by the /24 or /48', async () => {
    expect(await signUps(['2001:db8:1:1::1', '2001:db8:1:1::2', '2001:db8:1:1::3', '2001:db8:1:1::4'])).toEqual([201, 201, 201, 429]);
    const others = ['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1:4::1', '2001:db8:1:5::1', '2001:db8:2:5::1'];
    expect(await signUps(others)).toEqual([201, 201, 201, 429, 201]);
    const neighbours = ['192.0.3.1', '192.0.3.2', '192.0.3.3', '192.0.3.4', '192.0.3.5', '192.0.3.6', '192.0.3.7', '192.0.4.7'];
    expect(await signUps(neighbours)).toEqual([201, 201, 201, 201, 201, 201, 429, 201]);
  });

  it('are refused alike for known and unknown numbers', async () => {
    const known = newMobileNumber();
    await from(api, '192.0.5.1').signUp(known);
    for (let i = 0; i < 3; i += 1) await from(api, '192.0.5.1').sendOtp(newMobileNumber());
    for (const number of [known, newMobileNumber()]) expect((await from(api, '192.0.5.1').sendOtp(number)).body).toEqual(RATE_LIMITED);
  });

  it('are not limited without throttling', async () => {
    const unlimited = await start({ NETWORK_SIGN_UPS_PER_HOUR: '1', THROTTLE_ENABLED: 'false' });
    try {
      for (let i = 0; i < 2; i += 1) expect((await from(unlimited, '192.0.6.1').signUp()).status).toBe(201);
    } finally {
      await unlimited.close();
    }
  });
});

describe('wrong passwords', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await start({ NETWORK_WRONG_PASSWORDS: '12' });
  });

  afterAll(() => api.close());

  it('of a network count over all accounts, and hold up who was not there before', async () => {
    const [owner, stranger] = [newUsername(), newUsername()];
    await from(api, '192.0.2.9').signUp(newMobileNumber(), owner);
    await from(api, '192.0.2.9').signUp(newMobileNumber(), stranger);
    expect((await from(api, '192.0.2.10').logIn(owner, PASSWORD)).status).toBe(200);
    for (let i = 0; i < 12; i += 1) {
      expect((await from(api, '192.0.2.10').logIn(newUsername(), 'a wrong password')).body).toEqual(INVALID_CREDENTIALS);
    }
    for (const identifier of [stranger, newUsername()]) {
      expect((await from(api, '192.0.2.10').logIn(identifier, PASSWORD)).body).toEqual(RATE_LIMITED);
    }
    expect((await from(api, '192.0.2.10').logIn(owner, PASSWORD)).status).toBe(200);
    expect((await from(api, '192.0.2.11').logIn(stranger, PASSWORD)).status).toBe(200);
  });

  it('of an account count over all networks, by whichever name; its owner signs in where they were before, or with a code', async () => {
    const [username, number] = [newUsername(), newMobileNumber()];
    const { body } = await from(api, '192.0.2.20').signUp(number, username);
    expect((await from(api, '192.0.2.20').logIn(username, PASSWORD)).status).toBe(200);
    for (let i = 0; i < 100; i += 1) {
      await from(api, `10.9.${i}.1`).logIn(i % 2 === 0 ? username : number, 'a wrong password');
    }
    expect((await from(api, '10.10.0.1').logIn(username, PASSWORD)).body).toEqual(RATE_LIMITED);
    expect((await from(api, '10.10.0.1').logIn(number, PASSWORD)).body).toEqual(RATE_LIMITED);
    expect((await from(api, '192.0.2.20').logIn(username, PASSWORD)).status).toBe(200);

    const otp = codeOf(api, body.challenge_id);
    const signedIn = await from(api, '10.10.0.2').verify({ mobile_number: number, otp, challenge_id: body.challenge_id });
    expect(signedIn.status).toBe(200);
    expect((await from(api, '10.10.0.2').logIn(username, PASSWORD)).status).toBe(200);
  });

  it('of an unknown account are refused as those of a known one', async () => {
    const username = newUsername();
    for (let i = 0; i < 100; i += 1) await from(api, `10.11.${i}.1`).logIn(username, 'a wrong password');
    expect((await from(api, '10.12.0.1').logIn(username, 'a wrong password')).body).toEqual(RATE_LIMITED);
  });

  it('do not lock an administrator out: a code makes the network known, and signs nobody in', async () => {
    const admin = { username: newUsername(), mobileNumber: newMobileNumber() };
    await api.app.get(UsersService).createAdministrator({ ...admin, password: PASSWORD, email: null });
    for (let i = 0; i < 100; i += 1) await from(api, `10.13.${i}.1`).logIn(admin.username, 'a wrong password');
    const client = from(api, '203.0.113.99');
    expect((await client.logIn(admin.username, PASSWORD)).body).toEqual(RATE_LIMITED);
    const { body } = await client.sendOtp(admin.mobileNumber);
    const code = { mobile_number: admin.mobileNumber, otp: codeOf(api, body.challenge_id), challenge_id: body.challenge_id };
    expect((await client.verify(code)).body).toEqual(INVALID_OTP);
    expect((await client.logIn(admin.username, PASSWORD)).status).toBe(200);
    expect((await from(api, '203.0.114.99').logIn(admin.username, PASSWORD)).body).toEqual(RATE_LIMITED);
  });
});

describe('wrong codes', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await start({ NETWORK_WRONG_CODES: '10' });
  });

  afterAll(() => api.close());

  it('of a network count over all accounts, and hold up who was not there before', async () => {
    const [owner, stranger] = [newMobileNumber(), newMobileNumber()];
    const ofOwner = await from(api, '192.0.2.30').signUp(owner);
    const ofStranger = await from(api, '192.0.2.31').signUp(stranger);
    const give = (ip: string, mobile_number: string, { body: { challenge_id } }: { body: Challenge }, alter = (otp: string) => otp) =>
      from(api, ip).verify({ mobile_number, otp: alter(codeOf(api, challenge_id)), challenge_id });
    expect((await give('192.0.2.30', owner, ofOwner)).status).toBe(200);
    for (let i = 0; i < 10; i += 1) await from(api, '192.0.2.30').verify({ mobile_number: newMobileNumber(), otp: '000000' });
    expect((await give('192.0.2.30', stranger, ofStranger)).body).toEqual(INVALID_OTP);
    expect((await give('192.0.2.32', stranger, ofStranger)).status).toBe(200);
    const again = await from(api, '192.0.2.30').sendOtp(owner);
    expect((await give('192.0.2.30', owner, again, wrong)).body).toEqual(INVALID_OTP);
    expect((await give('192.0.2.30', owner, again)).status).toBe(200);
  });

  it('die with a newer code of their purpose, and not with one of another', async () => {
    const number = newMobileNumber();
    const first = await from(api, '192.0.2.40').signUp(number);
    const body = (id: string) => ({ mobile_number: number, otp: codeOf(api, id), challenge_id: id });
    const second = await from(api, '192.0.2.40').sendOtp(number);
    await api.post('/auth/forgot-password', { body: { mobile_number: number } });
    expect((await from(api, '192.0.2.40').verify(body(first.body.challenge_id))).body).toEqual(INVALID_OTP);
    const unnamed = { mobile_number: number, otp: codeOf(api, first.body.challenge_id) };
    expect((await from(api, '192.0.2.40').verify(unnamed)).body).toEqual(INVALID_OTP);
    expect((await from(api, '192.0.2.40').verify(body(second.body.challenge_id))).status).toBe(200);
  });
});
