import { DataSource } from 'typeorm';
import { newMobileNumber, startTestApi, type TestApi } from '../support/api.js';
import { passTime } from '../support/passing-time.js';
import { ID, INVALID_CREDENTIALS, INVALID_OTP, problem, SESSION_ENDED } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Challenge {
  readonly challenge_id: string;
  readonly otp: string;
}

interface Tokens {
  readonly access_token: string;
  readonly user: { readonly id: string; readonly is_verified: boolean };
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

const sendOtp = (mobile_number: string) => api.post<Challenge>('/auth/send-otp', { body: { mobile_number } });
const verify = (body: object, token?: string) => api.post<Tokens>('/auth/verify-otp', { body, ...(token === undefined ? {} : { token }) });
const later = (time: string) => passTime(api.app.get(DataSource), time);
const wrong = (otp: string) => String((Number(otp) + 1) % 1_000_000).padStart(6, '0');

describe('POST /auth/send-otp', () => {
  it('answers the same for known and unknown numbers', async () => {
    const { mobileNumber } = await api.signUp();
    for (const number of [mobileNumber, newMobileNumber()]) {
      const answer = await sendOtp(number);
      expect(answer.status).toBe(202);
      expect(answer.body).toEqual({
        challenge_id: expect.stringMatching(ID),
        expires_in: 300,
        resend_after: 60,
        otp: expect.stringMatching(/^\d{6}$/),
      });
    }
  });

  it('sends one code a minute and five an hour, by purpose; the code of signup starts no minute', async () => {
    const { mobileNumber } = await api.signUp();
    expect((await sendOtp(mobileNumber)).status).toBe(202);
    const second = await sendOtp(mobileNumber);
    expect(second.status).toBe(429);
    expect(second.body).toEqual(
      problem(
        429,
        'otp_too_soon',
        'A code was sent recently',
        'A number gets one code a minute and five an hour. Wait for retry_after seconds.',
        {
          retry_after: 60,
        },
      ),
    );
    expect(second.headers.get('retry-after')).toBe('60');
    expect((await api.post('/auth/forgot-password', { body: { mobile_number: mobileNumber } })).status).toBe(202);

    for (let sent = 2; sent < 5; sent += 1) {
      await later('61 seconds');
      expect((await sendOtp(mobileNumber)).status).toBe(202);
    }
    await later('61 seconds');
    const sixth = await sendOtp(mobileNumber);
    expect(sixth.body).toMatchObject({ code: 'otp_too_soon' });
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(3_000);
    await later('1 hour');
    expect((await sendOtp(mobileNumber)).status).toBe(202);
  });

  it('sends one code to twenty requests at once', async () => {
    const number = newMobileNumber();
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendOtp(number)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array<number>(19).fill(429)]);
  });
});

describe('POST /auth/verify-otp', () => {
  it('signs the holder of the number in and marks it verified', async () => {
    const user = await api.signUp();
    const answer = await verify({ mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', user: { id: user.id, is_verified: true, has_password: true } });
    expect((await api.get('/user/me', { token: user.accessToken })).body).toMatchObject({ is_verified: true });
  });

  it('takes a code once', async () => {
    const user = await api.signUp();
    const body = { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId };
    await verify(body);
    expect((await verify(body)).body).toEqual(INVALID_OTP);
    expect((await verify({ ...body, challenge_id: undefined })).body).toEqual(INVALID_OTP);
  });

  it('takes a code for 300 s', async () => {
    const user = await api.signUp();
    await later('301 seconds');
    expect((await verify({ mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId })).body).toEqual(INVALID_OTP);
  });

  it('takes a code for its own purpose and number only', async () => {
    const [user, other] = [await api.signUp(), await api.signUp()];
    const { body: reset } = await api.post<Challenge>('/auth/forgot-password', { body: { mobile_number: user.mobileNumber } });
    for (const challenge_id of [reset.challenge_id, undefined]) {
      expect((await verify({ mobile_number: user.mobileNumber, otp: reset.otp, challenge_id })).body).toEqual(INVALID_OTP);
    }
    const stolen = { mobile_number: other.mobileNumber, otp: user.otp, challenge_id: user.challengeId };
    expect((await verify(stolen)).body).toEqual(INVALID_OTP);
  });

  it('refuses even the right code of a number without an account, in the same words', async () => {
    const number = newMobileNumber();
    const { body } = await sendOtp(number);
    expect((await verify({ mobile_number: number, otp: body.otp, challenge_id: body.challenge_id })).body).toEqual(INVALID_OTP);
  });

  it('lets a code die after five wrong tries that name it, and the right one be used without naming it', async () => {
    const user = await api.signUp();
    const named = { mobile_number: user.mobileNumber, challenge_id: user.challengeId };
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await verify({ ...named, otp: wrong(user.otp) })).body).toEqual(INVALID_OTP);
    }
    expect((await verify({ ...named, otp: user.otp })).body).toEqual(INVALID_OTP);
    expect((await verify({ mobile_number: user.mobileNumber, otp: user.otp })).status).toBe(200);
  });

  it('lets five wrong tries from an address end what that address may try without naming a code', async () => {
    const user = await api.signUp();
    for (let tries = 0; tries < 5; tries += 1) await verify({ mobile_number: user.mobileNumber, otp: wrong(user.otp) });
    expect((await verify({ mobile_number: user.mobileNumber, otp: user.otp })).body).toEqual(INVALID_OTP);
    expect((await verify({ mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId })).status).toBe(200);
  });

  it.each([[{ otp: '12345' }], [{ otp: 123456 }], [{ otp: '१२३४५' }], [{ challenge_id: 'x' }], [{ refresh_in: 'url' }]])(
    'refuses %j',
    async (field) => {
      const answer = await verify({ mobile_number: newMobileNumber(), otp: '123456', ...field });
      expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ field: Object.keys(field)[0] }] });
    },
  );
});

describe('a number that somebody else signed up with', () => {
  it('belongs to its holder with the first code: the squatter keeps nothing', async () => {
    const squatter = await api.signUp({ email: 'squatter@example.com' });
    const { body: challenge } = await sendOtp(squatter.mobileNumber);
    const answer = await verify({ mobile_number: squatter.mobileNumber, otp: challenge.otp, challenge_id: challenge.challenge_id });
    expect(answer.status).toBe(200);
    expect(answer.body.user).toMatchObject({ id: squatter.id, is_verified: true, has_password: false, email: null });

    expect((await api.get('/user/me', { token: squatter.accessToken })).body).toEqual(SESSION_ENDED);
    const refreshed = await api.post('/auth/refresh', { body: { refresh_token: squatter.refreshToken } });
    expect(refreshed.body).toEqual(SESSION_ENDED);
    const login = await api.post('/auth/login', { body: { identifier: squatter.username, password: squatter.password } });
    expect(login.body).toEqual(INVALID_CREDENTIALS);
    const late = await verify({ mobile_number: squatter.mobileNumber, otp: squatter.otp, challenge_id: squatter.challengeId });
    expect(late.body).toEqual(INVALID_OTP);
  });

  it('belongs to its holder too when the code of the signup comes without its challenge', async () => {
    const squatter = await api.signUp();
    const answer = await verify({ mobile_number: squatter.mobileNumber, otp: squatter.otp });
    expect(answer.body.user).toMatchObject({ is_verified: true, has_password: false });
    expect((await api.get('/user/me', { token: squatter.accessToken })).body).toEqual(SESSION_ENDED);
  });

  it('belongs to its holder too when the password is reset', async () => {
    const squatter = await api.signUp({ email: 'squatter2@example.com' });
    const { body } = await api.post<Challenge>('/auth/forgot-password', { body: { mobile_number: squatter.mobileNumber } });
    const reset = {
      mobile_number: squatter.mobileNumber,
      otp: body.otp,
      challenge_id: body.challenge_id,
      new_password: 'the rightful owner',
    };
    expect((await api.post('/auth/reset-password', { body: reset })).status).toBe(204);
    expect((await api.get('/user/me', { token: squatter.accessToken })).body).toEqual(SESSION_ENDED);
    const login = await api.post<Tokens>('/auth/login', { body: { identifier: squatter.mobileNumber, password: 'the rightful owner' } });
    expect(login.body.user).toMatchObject({ is_verified: true, has_password: true, email: null });
  });

  it('stays with who signed up when a session of the account comes with the code', async () => {
    const user = await api.signUp({ email: 'owner@example.com' });
    const { body } = await sendOtp(user.mobileNumber);
    const answer = await verify({ mobile_number: user.mobileNumber, otp: body.otp }, user.accessToken);
    expect(answer.body.user).toMatchObject({ is_verified: true, has_password: true, email: 'owner@example.com' });
    expect((await api.get('/user/me', { token: user.accessToken })).status).toBe(200);
  });

  it('is not kept by a session of another account, nor by a token that is none', async () => {
    for (const token of [(await api.signUp()).accessToken, 'x.y.z']) {
      const squatter = await api.signUp();
      const { body } = await sendOtp(squatter.mobileNumber);
      const answer = await verify({ mobile_number: squatter.mobileNumber, otp: body.otp }, token);
      expect(answer.body.user).toMatchObject({ has_password: false });
    }
  });

  it('is refused to a later signup once it is verified', async () => {
    const user = await api.signUp();
    await verify({ mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId });
    const answer = await api.post('/auth/signup', {
      body: { username: 'late.comer', mobile_number: user.mobileNumber, password: 'a late password' },
    });
    expect(answer.body).toEqual(
      problem(409, 'mobile_number_taken', 'The mobile number is taken', 'Another account has this mobile number.'),
    );
  });
});
