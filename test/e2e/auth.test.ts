import { newMobileNumber, newUsername, startTestApi, type TestApi } from '../support/api.js';
import { ID, INVALID_CREDENTIALS, problem, TIME } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, DEFAULT_PHONE_REGION: 'IN' });
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('POST /auth/signup', () => {
  it('makes an account, with the username in lower case and the number in E.164', async () => {
    const answer = await api.post('/auth/signup', {
      body: { username: 'Ada.Lovelace', mobile_number: '098765 43210', password: 'analytical engine', email: 'Ada@Example.com' },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(ID),
      username: 'ada.lovelace',
      email: 'ada@example.com',
      mobile_number: '+919876543210',
      is_verified: false,
      has_password: true,
      role: 'user',
      plan: 'basic',
      created_at: expect.stringMatching(TIME),
      challenge_id: expect.stringMatching(ID),
      otp: expect.stringMatching(/^\d{6}$/),
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('names every field that is wrong', async () => {
    const answer = await api.post('/auth/signup', {
      body: { username: '1a', mobile_number: 12, password: 'short', email: 'x', role: 'admin' },
    });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(
      problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
        errors: expect.arrayContaining([
          { field: 'role', message: 'property role should not exist' },
          { field: 'username', message: 'username must be 3 to 30 letters, digits, underscores or dots, and begin with a letter' },
          { field: 'mobile_number', message: 'mobile_number must be a text of at most 100 characters' },
          { field: 'password', message: 'password must have 8 to 128 characters' },
          { field: 'email', message: 'email must be an e-mail address' },
        ]),
      }),
    );
  });

  it.each([['12'], ['+1 call me'], ['+1415555'], ['0'], ['+999123456789'], ['\u0000']])(
    'refuses %j as a mobile number',
    async (mobile_number) => {
      const answer = await api.post('/auth/signup', { body: { username: newUsername(), mobile_number, password: 'long enough' } });
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed', errors: [{ field: 'mobile_number' }] } });
    },
  );

  it('refuses the username as password', async () => {
    const answer = await api.post('/auth/signup', {
      body: { username: 'longusername', mobile_number: newMobileNumber(), password: 'LongUsername' },
    });
    expect(answer.body).toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'password', message: 'password must not be the username' }],
    });
  });

  it('refuses a username or e-mail that another account has, in any case', async () => {
    const { username } = await api.signUp({ email: 'taken@example.com' });
    const taken = await api.post('/auth/signup', {
      body: { username: username.toUpperCase(), mobile_number: newMobileNumber(), password: 'long enough' },
    });
    expect(taken.status).toBe(409);
    expect(taken.body).toEqual(problem(409, 'username_taken', 'The username is taken', 'Another account has this username.'));
    const email = await api.post('/auth/signup', {
      body: { username: newUsername(), mobile_number: newMobileNumber(), password: 'long enough', email: 'TAKEN@example.com' },
    });
    expect(email.body).toEqual(problem(409, 'email_taken', 'The e-mail address is taken', 'Another account has this e-mail address.'));
  });

  it('takes a number over from an account that never verified it, and leaves nothing of that', async () => {
    const first = await api.signUp();
    const second = await api.signUp({ mobileNumber: first.mobileNumber });
    expect((await api.get('/user/me', { token: first.accessToken })).body).toMatchObject({ status: 401, code: 'session_ended' });
    expect((await api.get('/user/me', { token: second.accessToken })).body).toMatchObject({ id: second.id });
  });

  it('lets all who sign up with one number at once take it over from each other, and one keeps it', async () => {
    const mobileNumber = newMobileNumber();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        api.post<{ id: string }>('/auth/signup', {
          body: { username: newUsername(), mobile_number: mobileNumber, password: 'correct horse battery' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(201));
    const login = await api.post<{ user: { id: string } }>('/auth/login', {
      body: { identifier: mobileNumber, password: 'correct horse battery' },
    });
    expect(answers.map(({ body }) => body.id)).toContain(login.body.user.id);
  });
});

describe('POST /auth/login', () => {
  it('answers tokens for a username or a mobile number, in any of their forms', async () => {
    const user = await api.signUp();
    for (const identifier of [user.username, user.username.toUpperCase(), user.mobileNumber, user.mobileNumber.replace('+91', '0')]) {
      const answer = await api.post('/auth/login', { body: { identifier, password: user.password } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body).toEqual({
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        refresh_token: expect.stringMatching(/^[\w-]{86}$/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_expires_in: 2_592_000,
        user: expect.objectContaining({ id: user.id, username: user.username }),
      });
    }
  });

  it.each([
    ['a wrong password', (username: string) => ({ identifier: username, password: 'wrong horse battery' })],
    ['an unknown username', () => ({ identifier: 'nobody.here', password: 'correct horse battery' })],
    ['an unknown number', () => ({ identifier: '+919000000000', password: 'correct horse battery' })],
    ['an identifier that can be none', () => ({ identifier: '!?', password: 'correct horse battery' })],
  ])('answers the same for %s', async (_, credentials) => {
    const { username } = await api.signUp();
    const answer = await api.post('/auth/login', { body: credentials(username) });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(INVALID_CREDENTIALS);
  });
});

describe('GET /user/me', () => {
  it('answers the signed-in user, and nothing that is secret', async () => {
    const user = await api.signUp();
    const answer = await api.get('/user/me', { token: user.accessToken });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id: user.id,
      username: user.username,
      email: null,
      mobile_number: user.mobileNumber,
      is_verified: false,
      has_password: true,
      role: 'user',
      plan: 'basic',
      created_at: expect.stringMatching(TIME),
    });
  });

  it('refuses a caller without a token', async () => {
    const answer = await api.get('/user/me');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.body).toEqual(problem(401, 'invalid_token', 'There is no valid token', 'This route needs a valid token. Sign in.'));
  });
});
