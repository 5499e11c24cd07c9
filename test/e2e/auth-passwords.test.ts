import { hash } from '@node-rs/argon2';
import { DataSource } from 'typeorm';
import { UsersService } from '../../src/modules/users/index.js';
import { newMobileNumber, newUsername, startTestApi, type TestApi } from '../support/api.js';
import { passTime } from '../support/passing-time.js';
import { ID, INVALID_CREDENTIALS, INVALID_OTP, problem, SESSION_ENDED } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Challenge {
  readonly challenge_id: string;
  readonly otp: string;
}

interface Tokens {
  readonly access_token: string;
}

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, ADMIN_REQUIRE_OTP: 'true' });
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const logIn = (identifier: string, password: string) => api.post<Tokens>('/auth/login', { body: { identifier, password } });
const me = (token: string) => api.get('/user/me', { token });
const sql = (text: string, values: unknown[]) => api.app.get(DataSource).query<Record<string, unknown>[]>(text, values);
const forgot = async (mobile_number: string) => (await api.post<Challenge>('/auth/forgot-password', { body: { mobile_number } })).body;
const later = (time: string) => passTime(api.app.get(DataSource), time);

describe('POST /auth/change-password', () => {
  it('sets the new password and ends every other session', async () => {
    const user = await api.signUp();
    const { body: other } = await logIn(user.username, user.password);
    const answer = await api.post('/auth/change-password', {
      token: user.accessToken,
      body: { current_password: user.password, new_password: 'another long sentence' },
    });
    expect(answer.status).toBe(204);
    expect((await me(user.accessToken)).status).toBe(200);
    expect((await me(other.access_token)).body).toEqual(SESSION_ENDED);
    expect((await logIn(user.username, user.password)).body).toEqual(INVALID_CREDENTIALS);
    expect((await logIn(user.username, 'another long sentence')).status).toBe(200);
  });

  it('wants the current password', async () => {
    const user = await api.signUp();
    const body = { current_password: 'a wrong password', new_password: 'another long sentence' };
    const answer = await api.post('/auth/change-password', { token: user.accessToken, body });
    expect(answer.body).toEqual(INVALID_CREDENTIALS);
    expect((await logIn(user.username, user.password)).status).toBe(200);
  });

  it.each([
    ['password1', 'new_password is one of the passwords that are guessed first'],
    ['PASSWORD123', 'new_password is one of the passwords that are guessed first'],
    ['1234567', 'new_password must have 8 to 128 characters'],
    ['x'.repeat(129), 'new_password must have 8 to 128 characters'],
    ['😀'.repeat(7), 'new_password must have 8 to 128 characters'],
    ['é'.repeat(7).normalize('NFD'), 'new_password must have 8 to 128 characters'],
    ['ｐａｓｓｗｏｒｄ１', 'new_password is one of the passwords that are guessed first'],
  ])('refuses %j', async (new_password, message) => {
    const user = await api.signUp();
    const answer = await api.post('/auth/change-password', {
      token: user.accessToken,
      body: { current_password: user.password, new_password },
    });
    expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ field: 'new_password', message }] });
  });

  it('takes any characters, 128 of them, and the same ones composed otherwise', async () => {
    const password = `${'😀'.repeat(126)}é\t`;
    const user = await api.signUp({ password });
    expect((await logIn(user.username, password.normalize('NFD'))).status).toBe(200);
    expect((await logIn(user.username, password.trim())).body).toEqual(INVALID_CREDENTIALS);
  });
});

describe('POST /auth/reset-password', () => {
  it('sets the new password with a code and ends every session', async () => {
    const user = await api.signUp();
    const { challenge_id, otp } = await forgot(user.mobileNumber);
    const body = { mobile_number: user.mobileNumber, otp, challenge_id, new_password: 'another long sentence' };
    const answer = await api.post('/auth/reset-password', { body });
    expect(answer.status).toBe(204);
    expect((await me(user.accessToken)).body).toEqual(SESSION_ENDED);
    expect((await logIn(user.mobileNumber, 'another long sentence')).body).toMatchObject({ user: { is_verified: true } });
    expect((await api.post('/auth/reset-password', { body })).body).toEqual(INVALID_OTP);
  });

  it('takes no code that was sent to sign in with', async () => {
    const user = await api.signUp();
    const body = { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId, new_password: 'another long sentence' };
    expect((await api.post('/auth/reset-password', { body })).body).toEqual(INVALID_OTP);
  });

  it('leaves the code good when the password is refused', async () => {
    const user = await api.signUp({ username: 'a.long.username' });
    const { challenge_id, otp } = await forgot(user.mobileNumber);
    const body = { mobile_number: user.mobileNumber, otp, challenge_id };
    const refused = await api.post('/auth/reset-password', { body: { ...body, new_password: 'A.Long.Username' } });
    expect(refused.body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'new_password' }] });
    expect((await api.post('/auth/reset-password', { body: { ...body, new_password: 'another long sentence' } })).status).toBe(204);
  });

  it('lets one of twenty requests at once through', async () => {
    const user = await api.signUp();
    const { challenge_id, otp } = await forgot(user.mobileNumber);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        api.post('/auth/reset-password', {
          body: { mobile_number: user.mobileNumber, otp, challenge_id, new_password: `password number ${i}` },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(19).fill(401)]);
  });
});

describe('wrong passwords', () => {
  it('are limited per account and address, and the limit says when it ends', async () => {
    const user = await api.signUp();
    for (let tries = 0; tries < 10; tries += 1) expect((await logIn(user.username, 'a wrong password')).status).toBe(401);
    const answer = await logIn(user.username, user.password);
    expect(answer.body).toEqual(
      problem(429, 'rate_limited', 'Too many requests', 'Too many requests in a short time. Wait for retry_after seconds.', {
        retry_after: expect.any(Number),
      }),
    );
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(850);
    await later('15 minutes');
    expect((await logIn(user.username, user.password)).status).toBe(200);
  });

  it('are no more than the limit allows when they come at once', async () => {
    const user = await api.signUp();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => logIn(user.username, `wrong password ${i}`)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
  });

  it('are limited for unknown accounts alike', async () => {
    const username = newUsername();
    for (let tries = 0; tries < 10; tries += 1) expect((await logIn(username, 'a wrong password')).status).toBe(401);
    expect((await logIn(username, 'a wrong password')).body).toMatchObject({ code: 'rate_limited' });
  });
});

describe('stored passwords', () => {
  it('are Argon2id with the parameters that OWASP recommends', async () => {
    const user = await api.signUp();
    const [row] = await sql('SELECT password_hash FROM users WHERE id = $1', [user.id]);
    expect(row?.['password_hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  });

  it('are hashed anew at login when they were hashed with less', async () => {
    const user = await api.signUp();
    const weak = await hash(user.password, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await sql('UPDATE users SET password_hash = $2 WHERE id = $1', [user.id, weak]);
    expect((await logIn(user.username, user.password)).status).toBe(200);
    const [row] = await sql('SELECT password_hash FROM users WHERE id = $1', [user.id]);
    expect(row?.['password_hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await logIn(user.username, user.password)).status).toBe(200);
  });

  it('sign in whoever knows them while another sign-in hashes them anew', async () => {
    const user = await api.signUp();
    const weak = await hash(user.password, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await sql('UPDATE users SET password_hash = $2 WHERE id = $1', [user.id, weak]);
    const answers = await Promise.all(Array.from({ length: 8 }, () => logIn(user.username, user.password)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  });
});

describe('a flood of sign-ins', () => {
  it('is refused past what two threads can hash in two seconds, and nothing breaks', async () => {
    const answers = await Promise.all(Array.from({ length: 150 }, () => logIn(newUsername(), 'a wrong password')));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([401, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'rate_limited', retry_after: 2 });
    const user = await api.signUp();
    expect((await me(user.accessToken)).status).toBe(200);
  });
});

describe('administrators', () => {
  const createAdmin = async () => {
    const input = { username: newUsername(), password: 'the administrator', mobileNumber: newMobileNumber() };
    const { id } = await api.app.get(UsersService).createAdministrator({ ...input, email: null });
    return { ...input, id };
  };
  const verify = (body: object) => api.post('/auth/verify-otp', { body });

  it('give a code after the password', async () => {
    const admin = await createAdmin();
    const login = await api.post<Challenge>('/auth/login', { body: { identifier: admin.username, password: admin.password } });
    expect(login.status).toBe(401);
    expect(login.body).toEqual(
      problem(
        401,
        'otp_required',
        'A one-time code is required',
        'Give the code that was sent, with this challenge_id, at POST /auth/verify-otp.',
        { challenge_id: expect.stringMatching(ID), expires_in: 300, resend_after: 60, otp: expect.stringMatching(/^\d{6}$/) },
      ),
    );
    const { otp, challenge_id } = login.body;
    expect((await verify({ mobile_number: admin.mobileNumber, otp })).body).toEqual(INVALID_OTP);
    const answer = await verify({ mobile_number: admin.mobileNumber, otp, challenge_id });
    expect(answer.body).toMatchObject({ token_type: 'Bearer', user: { id: admin.id, role: 'admin' } });
  });

  it('keep the password that the code followed, though their number was not verified before', async () => {
    const user = await api.signUp({ email: 'promoted@example.com' });
    await sql(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
    const { body } = await api.post<Challenge>('/auth/login', { body: { identifier: user.username, password: user.password } });
    const answer = await verify({ mobile_number: user.mobileNumber, otp: body.otp, challenge_id: body.challenge_id });
    expect(answer.body).toMatchObject({ user: { is_verified: true, has_password: true, email: 'promoted@example.com' } });
    expect((await me(user.accessToken)).status).toBe(200);
  });

  it('are not signed in by a code alone, nor by a password that a code set', async () => {
    const admin = await createAdmin();
    const { body } = await api.post<Challenge>('/auth/send-otp', { body: { mobile_number: admin.mobileNumber } });
    const given = { mobile_number: admin.mobileNumber, otp: body.otp };
    expect((await verify({ ...given, challenge_id: body.challenge_id })).body).toEqual(INVALID_OTP);
    const { challenge_id, otp } = await forgot(admin.mobileNumber);
    const reset = { mobile_number: admin.mobileNumber, otp, challenge_id, new_password: 'another long sentence' };
    expect((await api.post('/auth/reset-password', { body: reset })).body).toEqual(INVALID_OTP);
  });

  it('who were users cannot use a code that was sent to them as users', async () => {
    const user = await api.signUp();
    await sql(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
    const body = { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId };
    expect((await verify(body)).body).toEqual(INVALID_OTP);
  });
});
