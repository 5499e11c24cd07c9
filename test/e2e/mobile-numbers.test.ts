import { randomInt } from 'node:crypto';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { newMobileNumber, newUsername, startTestApi, type TestApi } from '../support/api.js';
import { runSql } from '../support/administrator.js';
import { passTime } from '../support/passing-time.js';
import { problem } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Challenge {
  readonly challenge_id: string;
  readonly otp: string;
}

interface Tokens {
  readonly user: { readonly id: string; readonly username: string; readonly mobile_number: string };
}

const PASSWORD = 'correct horse battery';
const TAKEN = problem(409, 'mobile_number_taken', 'The mobile number is taken', 'Another account has this mobile number.');

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

const signUp = (mobile_number: string) =>
  api.post<{ id: string; mobile_number: string; challenge_id: string; otp: string }>('/auth/signup', {
    body: { username: newUsername(), mobile_number, password: PASSWORD },
  });
const logIn = (identifier: string) => api.post<Tokens>('/auth/login', { body: { identifier, password: PASSWORD } });
const sendOtp = (mobile_number: string) => api.post<Challenge>('/auth/send-otp', { body: { mobile_number } });
const verify = (body: object) => api.post<Tokens>('/auth/verify-otp', { body });
const digits = (count: number) => String(randomInt(10 ** count)).padStart(count, '0');

/** A new number in its canonical form and in another that the same phone has. */
const TWO_SPELLINGS: [country: string, make: () => [canonical: string, other: string]][] = [
  [
    'Argentina',
    () => {
      const rest = `112${digits(7)}`;
      return [`+549${rest}`, `+54${rest}`];
    },
  ],
  [
    'Brazil',
    () => {
      const rest = `8${digits(7)}`;
      return [`+55119${rest}`, `+5511${rest}`];
    },
  ],
  [
    'Mexico',
    () => {
      const rest = `551${digits(7)}`;
      return [`+52${rest}`, `+521${rest}`];
    },
  ],
];

/** An account as the previous release stored it, with the password of every account here. */
async function storeAsTyped(mobileNumber: string, { verified }: { verified: boolean }): Promise<{ id: string; username: string }> {
  const username = newUsername();
  const [row] = await runSql<{ id: string }>(
    database.url,
    `INSERT INTO users (id, username, mobile_number, password_hash, verified_at)
     SELECT $4, $1, $2, password_hash, CASE WHEN $3 THEN now() END FROM users WHERE password_hash IS NOT NULL LIMIT 1 RETURNING id`,
    [username, mobileNumber, verified, newId()],
  );
  return { id: row?.id ?? '', username };
}

describe('a number as people paste it', () => {
  const FORMS = 6;
  const forms = (number: string): string[] => [
    `\u202a${number}\u202c`,
    `tel:${number}`,
    `(${number.slice(0, 3)}) ${number.slice(3, 8)}\u2011${number.slice(8)}`,
    number.replace(/[0-9]/g, (digit) => String.fromCodePoint(0x966 + Number(digit))),
    number.replace(/[+0-9]/g, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0)),
    `\u00a0${number}\u200b `,
  ];

  it('signs up and in as the plain number does', async () => {
    for (let form = 0; form < FORMS; form += 1) {
      const number = newMobileNumber();
      expect(await signUp(forms(number)[form] ?? '')).toMatchObject({ status: 201, body: { mobile_number: number } });
    }
    const number = newMobileNumber();
    const { body } = await signUp(number);
    for (const form of forms(number)) expect(await logIn(form)).toMatchObject({ status: 200, body: { user: { id: body.id } } });
  });

  it('has a code whose digits are of any script, in groups', async () => {
    const write: ((otp: string) => string)[] = [
      (otp) => `${otp.slice(0, 3)} ${otp.slice(3)}`,
      (otp) => `${otp.slice(0, 3)}\u2013${otp.slice(3)}\u200b`,
      (otp) => otp.replace(/[0-9]/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
    ];
    for (const form of write) {
      const user = await api.signUp();
      const body = { mobile_number: user.mobileNumber, otp: form(user.otp), challenge_id: user.challengeId };
      expect(await verify(body)).toMatchObject({ status: 200, body: { user: { id: user.id } } });
    }
  });

  it('is told from a username, which may be pasted too', async () => {
    const user = await api.signUp();
    for (const identifier of [` ${user.username}\u00a0`, `\u200b${user.username.toUpperCase()}`]) {
      expect(await logIn(identifier)).toMatchObject({ status: 200, body: { user: { id: user.id } } });
    }
  });
});

describe.each(TWO_SPELLINGS)('a phone of %s', (_, make) => {
  beforeAll(() => api.signUp({ password: PASSWORD }));

  it('has one account, whichever spelling is given', async () => {
    const [canonical, other] = make();
    const { body } = await signUp(other);
    expect(body.mobile_number).toBe(canonical);
    for (const spelling of [canonical, other])
      expect(await logIn(spelling)).toMatchObject({ status: 200, body: { user: { id: body.id } } });
    await verify({ mobile_number: other, otp: body.otp, challenge_id: body.challenge_id });
    expect((await signUp(canonical)).body).toEqual(TAKEN);
    expect((await signUp(other)).body).toEqual(TAKEN);
    expect((await sendOtp(canonical)).status).toBe(202);
    expect((await sendOtp(other)).body).toMatchObject({ code: 'otp_too_soon' });
  });

  it('is found by both spellings where an earlier release stored the other one', async () => {
    const [canonical, other] = make();
    const stored = await storeAsTyped(other, { verified: true });
    for (const spelling of [canonical, other]) {
      expect(await logIn(spelling)).toMatchObject({ status: 200, body: { user: { id: stored.id } } });
      const { body } = await sendOtp(spelling);
      const signedIn = await verify({ mobile_number: other, otp: body.otp, challenge_id: body.challenge_id });
      expect(signedIn).toMatchObject({ status: 200, body: { user: { id: stored.id } } });
      await passTime(api.app.get(DataSource), '61 seconds');
    }
    expect((await signUp(canonical)).body).toEqual(TAKEN);
  });

  it('is refused to a process of the earlier release under the other spelling, as the same number is', async () => {
    const [canonical, other] = make();
    await signUp(canonical);
    await expect(storeAsTyped(other, { verified: false })).rejects.toMatchObject({ code: '23505', constraint: 'uq_users_mobile_number' });
    await expect(storeAsTyped(canonical, { verified: false })).rejects.toMatchObject({
      code: '23505',
      constraint: 'uq_users_mobile_number',
    });
  });

  it('is given to one of twenty who sign up and verify at once under both spellings', async () => {
    const [canonical, other] = make();
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, (_unused, i) => storeAsTyped(i % 2 === 0 ? canonical : other, { verified: true })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keeps two accounts that an earlier release has made for it, each found by its own spelling', async () => {
    const [canonical, other] = make();
    const first = await storeAsTyped(canonical, { verified: true });
    await runSql(database.url, 'ALTER TABLE users DISABLE TRIGGER users_refuse_other_spelling');
    const second = await storeAsTyped(other, { verified: true });
    await runSql(database.url, 'ALTER TABLE users ENABLE TRIGGER users_refuse_other_spelling');
    expect(await logIn(canonical)).toMatchObject({ status: 200, body: { user: { id: first.id } } });
    expect(await logIn(other)).toMatchObject({ status: 200, body: { user: { id: second.id } } });
  });
});

describe('a number that cannot be a mobile number', () => {
  const REFUSED = problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
    errors: [{ field: 'mobile_number', message: 'mobile_number must be a number that a mobile phone can have' }],
  });

  it.each([
    ['premium rate', '+19002345678'],
    ['shared cost', '+448451234567'],
    ['a satellite phone', '+881612345678'],
    ['a personal number', '+447012345678'],
    ['a pager', '+447640123456'],
    ['toll-free', '+18005550123'],
    ['VoIP', '+33950123456'],
    ['a fixed line', '+442071838750'],
  ])('gets no account and no code: %s', async (_, mobile_number) => {
    expect((await signUp(mobile_number)).body).toEqual(REFUSED);
    expect((await sendOtp(mobile_number)).body).toEqual(REFUSED);
    expect((await api.post('/auth/forgot-password', { body: { mobile_number } })).body).toEqual(REFUSED);
    const left = await runSql(database.url, 'SELECT id FROM otp_challenges WHERE mobile_number = $1', [mobile_number]);
    expect(left).toEqual([]);
  });

  it('still signs in with the password where an earlier release took it', async () => {
    await api.signUp({ password: PASSWORD });
    const stored = await storeAsTyped('+442071838750', { verified: true });
    expect(await logIn('+44 20 7183 8750')).toMatchObject({ status: 200, body: { user: { id: stored.id } } });
  });
});
