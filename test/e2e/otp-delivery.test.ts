import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { startTwilio, type TwilioRequest } from '../integration/otp-delivery/vendor-servers.js';
import { newMobileNumber, newUsername, type Settings, startTestApi, type TestApi } from '../support/api.js';
import { passTime } from '../support/passing-time.js';
import { startTestWorker } from '../support/stack.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let twilio: Awaited<ReturnType<typeof startTwilio>>;
let api: TestApi;
let worker: INestApplicationContext;

beforeAll(async () => {
  database = await createTestDatabase();
  twilio = await startTwilio();
  const settings: Settings = {
    DATABASE_URL: database.url,
    OTP_DELIVERY: 'twilio',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'a token',
    TWILIO_FROM: '+14155550100',
    TWILIO_BASE_URL: twilio.url,
    SMS_ALLOWED_COUNTRIES: 'IN',
    SMS_DAILY_BUDGET: '4',
    SWEEP_INTERVAL: '200ms',
    LOG_LEVEL: 'silent',
  };
  api = await startTestApi(settings);
  worker = await startTestWorker(settings);
});

afterAll(async () => {
  await api.close();
  await worker.close();
  await twilio.stop();
  await database.drop();
});

/** Waits until `find` finds something; throws after a minute. */
async function eventually<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('what was waited for did not come');
}

const smsTo = (number: string): Promise<TwilioRequest> => eventually(() => twilio.requests.find(({ form }) => form['To'] === number));
const settled = (number: string) =>
  eventually(async () => {
    const rows = await api.app
      .get(DataSource)
      .query<{ open: boolean }[]>('SELECT settled_at IS NULL AS open FROM otp_challenges WHERE mobile_number = $1', [number]);
    return rows.length > 0 && rows.every(({ open }) => !open) ? true : undefined;
  });
const signUp = (mobileNumber = newMobileNumber()) =>
  api.post<{ challenge_id: string }>('/auth/signup', {
    body: { username: newUsername(), password: 'correct horse battery', mobile_number: mobileNumber },
  });

it('a code goes out by SMS, and neither the answer nor the queue holds it', async () => {
  const number = newMobileNumber();
  const { body } = await signUp(number);
  expect(body).not.toHaveProperty('otp');
  const { form } = await smsTo(number);
  const otp = /^(\d{6}) is your code to sign in\. It is valid for five minutes\./.exec(form['Body'] ?? '')?.[1];
  const answer = await api.post('/auth/verify-otp', { body: { mobile_number: number, otp, challenge_id: body.challenge_id } });
  expect(answer.status).toBe(200);
});

it('a code that Twilio did not take is sent again, one that it never will is given up', async () => {
  const [retried, refused] = [newMobileNumber(), newMobileNumber()];
  twilio.refuse(503, '');
  await signUp(retried);
  await eventually(() => (twilio.requests.filter(({ form }) => form['To'] === retried).length === 2 ? true : undefined));
  await settled(retried);

  twilio.refuse(400, JSON.stringify({ code: 21211 }));
  await signUp(refused);
  await settled(refused);
  expect(twilio.requests.filter(({ form }) => form['To'] === refused)).toHaveLength(1);
});

it('a number without an account is answered, and sent nothing', async () => {
  const number = newMobileNumber();
  expect((await api.post('/auth/send-otp', { body: { mobile_number: number } })).status).toBe(202);
  await settled(number);
  expect(twilio.requests.filter(({ form }) => form['To'] === number)).toHaveLength(0);
});

it('a code whose job was lost is found by the sweep', async () => {
  const number = newMobileNumber();
  const dataSource = api.app.get(DataSource);
  await dataSource.query(`INSERT INTO users (id, username, mobile_number) VALUES (gen_random_uuid(), $1, $2)`, [newUsername(), number]);
  await dataSource.query(
    `INSERT INTO otp_challenges (id, user_id, mobile_number, purpose, created_at, expires_at)
     SELECT gen_random_uuid(), id, mobile_number, 'sign_in', now() - interval '11 seconds', now() + interval '280 seconds'
     FROM users WHERE mobile_number = $1`,
    [number],
  );
  await smsTo(number);
});

it('a number of a country that is not served is refused, known or not', async () => {
  for (const path of ['/auth/send-otp', '/auth/forgot-password']) {
    const answer = await api.post(path, { body: { mobile_number: '+14155550123' } });
    expect(answer.body).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors: [{ field: 'mobile_number', message: 'mobile_number is of a country that is not served' }],
    });
  }
});

it('the daily budget ends what is sent, whoever asks, until the day is over', async () => {
  const numbers = [newMobileNumber(), newMobileNumber(), newMobileNumber()];
  for (const number of numbers) {
    expect((await signUp(number)).status).toBe(201);
    await settled(number);
  }
  const sent = () => twilio.requests.filter(({ form }) => numbers.includes(form['To'] ?? '')).length;
  expect(sent()).toBe(1);
  await passTime(api.app.get(DataSource), '1 day');
  const number = newMobileNumber();
  await signUp(number);
  await smsTo(number);
  expect(sent()).toBe(1);
});
