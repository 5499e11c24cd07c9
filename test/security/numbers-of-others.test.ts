import { runSql } from '../support/administrator.js';
import { MobileNumberTakenError, UsersService } from '../../src/modules/users/index.js';
import { newUsername, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { holdTransaction } from '../support/held-transaction.js';
import { INVALID_CREDENTIALS, problem, SESSION_ENDED } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface Challenge {
  readonly challenge_id: string;
  readonly otp: string;
}

interface Tokens {
  readonly access_token: string;
  readonly user: object;
}

const NUMBER_TAKEN = problem(409, 'mobile_number_taken', 'The mobile number is taken', 'Another account has this mobile number.');
const UNVERIFIED = problem(
  403,
  'mobile_number_unverified',
  'The mobile number is not verified',
  'Verify the mobile number first: POST /auth/send-otp, then POST /auth/verify-otp.',
);
const NOT_FOUND = problem(404, 'not_found', 'Not found', 'There is no such resource.');
const DOCUMENT = {
  format: 'gemini-chat-room',
  version: 1,
  chatroom: {
    name: 'Imported',
    system_instruction: null,
    model: null,
    archived: false,
    created_at: '2026-11-22T20:15:03.120Z',
    active: null,
  },
  messages: [],
};

let stack: Stack;
let api: TestApi;

beforeAll(async () => {
  stack = await startStack();
  ({ api } = stack);
});
afterAll(() => stack.close());

const sql = <Row>(text: string, values: readonly unknown[] = []) => runSql<Row>(stack.databaseUrl, text, values);
const makeRoom = ({ accessToken: token }: TestUser, body: object = { name: 'Mine' }, key?: string) =>
  api.post<{ id: string }>('/chatroom', { token, body, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) });
const signUpWith = (mobileNumber: string) =>
  api.post('/auth/signup', { body: { username: newUsername(), mobile_number: mobileNumber, password: 'another password' } });
const roomsOf = async (userId: string) => (await sql<{ id: string }>(`SELECT id FROM chatrooms WHERE user_id = $1`, [userId])).length;
const exists = async (userId: string) => (await sql(`SELECT FROM users WHERE id = $1`, [userId])).length === 1;
const askForCode = async ({ mobileNumber }: TestUser, path = '/auth/send-otp') =>
  (await api.post<Challenge>(path, { body: { mobile_number: mobileNumber } })).body;

/** The holder of the number signs in with a code, and knows nothing of the account. */
const verifyAsHolder = async (squatter: TestUser) => {
  const { otp, challenge_id } = await askForCode(squatter);
  return api.post<Tokens>('/auth/verify-otp', { body: { mobile_number: squatter.mobileNumber, otp, challenge_id } });
};

describe('A sign-up with the number of an account that has not verified it', () => {
  test('takes the number from an account that holds nothing', async () => {
    const before = await api.signUp();
    expect((await signUpWith(before.mobileNumber)).status).toBe(201);
    expect(await exists(before.id)).toBe(false);
    expect((await api.get('/user/me', { token: before.accessToken })).body).toEqual(SESSION_ENDED);
  });

  test.each([
    ['a room', (user: TestUser) => makeRoom(user)],
    [
      'a customer',
      ({ id }: TestUser) => sql(`INSERT INTO stripe_customers (user_id, stripe_customer_id) VALUES ($1, $2)`, [id, `cus_${id}`]),
    ],
    [
      'a grant',
      ({ id }: TestUser) =>
        sql(`INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now(), 'a test')`, [id]),
    ],
  ])('is refused while that holds %s, and leaves it as it was', async (_, give) => {
    const user = await api.signUp({ email: `${newUsername()}@example.com` });
    await give(user);
    const before = await sql(`SELECT * FROM users WHERE id = $1`, [user.id]);
    expect(await signUpWith(user.mobileNumber)).toMatchObject({ status: 409, body: NUMBER_TAKEN });
    expect(await sql(`SELECT * FROM users WHERE id = $1`, [user.id])).toEqual(before);
    expect((await api.get('/user/me', { token: user.accessToken })).status).toBe(200);
  });

  test('waits for a room that is being made, and is refused then', async () => {
    const user = await api.signUp();
    const making = await holdTransaction(stack.databaseUrl);
    try {
      await making.run(`INSERT INTO chatrooms (id, user_id) VALUES (gen_random_uuid(), $1)`, [user.id]);
      const signedUp = signUpWith(user.mobileNumber);
      await making.untilWaitedFor();
      await making.commit();
      expect(await signedUp).toMatchObject({ status: 409, body: NUMBER_TAKEN });
      expect(await roomsOf(user.id)).toBe(1);
    } finally {
      await making.close();
    }
  });

  test('leaves either the room or the new account, whatever comes first', async () => {
    for (let round = 0; round < 10; round += 1) {
      const user = await api.signUp();
      const [made, , imported, signedUp] = await Promise.all([
        makeRoom(user),
        makeRoom(user),
        api.post('/chatroom/import', { token: user.accessToken, body: DOCUMENT }),
        signUpWith(user.mobileNumber),
      ]);
      expect([201, 409]).toContain(signedUp.status);
      if (signedUp.status === 409) {
        expect(await roomsOf(user.id)).toBe([made.status, imported.status].filter((status) => status === 201).length + 1);
      } else {
        expect(await exists(user.id)).toBe(false);
        for (const { status, body } of [made, imported]) expect([status, body]).toEqual([401, SESSION_ENDED]);
      }
    }
  });
});

describe('Where a verified number is required', () => {
  let strict: TestApi;
  beforeAll(async () => {
    strict = await startTestApi({ DATABASE_URL: stack.databaseUrl, REQUIRE_VERIFIED_NUMBER: 'true' });
  });
  afterAll(() => strict.close());

  test('an unverified user makes, imports and copies no room, sends nothing and subscribes to nothing', async () => {
    const user = await api.signUp();
    const { id: room } = (await makeRoom(user)).body;
    const sent = await api.post<{ message: { id: string }; reply: { id: string } }>(`/chatroom/${room}/message`, {
      token: user.accessToken,
      body: { content: 'Hello' },
    });
    const { message, reply } = sent.body;
    const before = await sql(`SELECT count(*) FROM messages`);
    const attempts: [string, object][] = [
      ['/chatroom', { name: 'Mine' }],
      ['/chatroom/import', DOCUMENT],
      [`/chatroom/${room}/copy`, { message_id: reply.id }],
      [`/chatroom/${room}/message`, { content: 'Hello' }],
      [`/chatroom/${room}/message/${reply.id}/regenerate`, {}],
      [`/chatroom/${room}/message/${message.id}/edit`, { content: 'Hello again' }],
      ['/subscribe/pro', {}],
    ];
    for (const [path, body] of attempts) {
      const answer = await strict.post(path, { token: user.accessToken, body });
      expect([path, answer.status, answer.body]).toEqual([path, 403, UNVERIFIED]);
    }
    expect(await roomsOf(user.id)).toBe(1);
    expect(await sql(`SELECT count(*) FROM messages`)).toEqual(before);

    const code = { mobile_number: user.mobileNumber, otp: user.otp, challenge_id: user.challengeId };
    const verified = await strict.post<Tokens>('/auth/verify-otp', { body: code });
    const token = verified.body.access_token;
    for (const [path, body] of attempts.slice(0, 3)) expect((await strict.post(path, { token, body })).status).toBe(201);
  });
});

describe('The first verification of a number by somebody who did not sign up with it', () => {
  /** A squatter with a room in which a reply is being made. */
  const squat = async () => {
    const squatter = await api.signUp({ email: `${newUsername()}@example.com` });
    const key = newUsername();
    const { id: room } = (await makeRoom(squatter, { name: 'Planted' }, key)).body;
    const sent = await api.post<{ reply: { id: string } }>(`/chatroom/${room}/message`, {
      token: squatter.accessToken,
      body: { content: 'Hello [[delay 60s]]' },
    });
    expect(sent.status).toBe(202);
    return { squatter, room, reply: sent.body.reply.id, key };
  };
  const findsNothingOf = async ({ squatter, room, key }: Awaited<ReturnType<typeof squat>>, token: string) => {
    expect((await api.get('/chatroom', { token })).body).toEqual({ data: [], next_cursor: null });
    expect((await api.get(`/chatroom/${room}`, { token })).body).toEqual(NOT_FOUND);
    expect(await sql(`SELECT id FROM messages WHERE user_id = $1`, [squatter.id])).toEqual([]);
    expect(await sql(`SELECT unfinished_replies FROM users WHERE id = $1`, [squatter.id])).toEqual([{ unfinished_replies: 0 }]);
    const again = await api.post<{ id: string }>('/chatroom', { token, body: { name: 'Planted' }, headers: { 'idempotency-key': key } });
    expect(again.status).toBe(201);
    expect(again.body.id).not.toBe(room);
  };

  test('deletes the rooms with the rest of what that one left, and stops the replies in them', async () => {
    const squatted = await squat();
    const { squatter, room, reply } = squatted;
    expect((await api.get<{ data: object[] }>('/chatroom', { token: squatter.accessToken })).body.data).toHaveLength(1);
    const stream = await api.open('GET', `/chatroom/${room}/message/${reply}/stream`, { token: squatter.accessToken });
    const read = stream.text().catch(() => 'cut');
    const { status, body } = await verifyAsHolder(squatter);
    expect([status, body.user]).toMatchObject([200, { id: squatter.id, is_verified: true, has_password: false, email: null }]);
    expect((await api.get('/user/me', { token: squatter.accessToken })).body).toEqual(SESSION_ENDED);
    await findsNothingOf(squatted, body.access_token);
    await read;
  });

  test('does so when it comes with a new password, too', async () => {
    const squatted = await squat();
    const { squatter } = squatted;
    const { otp, challenge_id } = await askForCode(squatter, '/auth/forgot-password');
    const reset = { mobile_number: squatter.mobileNumber, otp, challenge_id, new_password: 'the rightful owner' };
    expect((await api.post('/auth/reset-password', { body: reset })).status).toBe(204);
    const login = { identifier: squatter.mobileNumber, password: 'the rightful owner' };
    const { body } = await api.post<Tokens>('/auth/login', { body: login });
    expect(body.user).toMatchObject({ id: squatter.id, email: null });
    await findsNothingOf(squatted, body.access_token);
  });

  test.each([
    ['the challenge of the signup', ({ challengeId, otp }: TestUser) => ({ challenge_id: challengeId, otp }), false],
    ['a session of the account', ({ otp }: TestUser) => ({ otp }), true],
  ])('is none that comes with %s: everything stays', async (_, proof, withToken) => {
    const user = await api.signUp({ email: `${newUsername()}@example.com` });
    const { id: room } = (await makeRoom(user)).body;
    const verified = await api.post<Tokens>('/auth/verify-otp', {
      body: { mobile_number: user.mobileNumber, ...proof(user) },
      ...(withToken ? { token: user.accessToken } : {}),
    });
    expect(verified.body.user).toMatchObject({ is_verified: true, has_password: true, email: expect.any(String) as string });
    expect((await api.get(`/chatroom/${room}`, { token: verified.body.access_token })).status).toBe(200);
    expect((await api.get(`/chatroom/${room}`, { token: user.accessToken })).status).toBe(200);
  });

  test('is none either when the password is reset with a session of the account', async () => {
    const user = await api.signUp({ email: `${newUsername()}@example.com` });
    const { id: room } = (await makeRoom(user)).body;
    const { otp, challenge_id } = await askForCode(user, '/auth/forgot-password');
    const reset = { mobile_number: user.mobileNumber, otp, challenge_id, new_password: 'a password to remember' };
    expect((await api.post('/auth/reset-password', { body: reset, token: user.accessToken })).status).toBe(204);
    const login = { identifier: user.username, password: 'a password to remember' };
    const { body } = await api.post<Tokens>('/auth/login', { body: login });
    expect(body.user).toMatchObject({ is_verified: true, email: expect.any(String) as string });
    expect((await api.get(`/chatroom/${room}`, { token: body.access_token })).status).toBe(200);
  });

  test('is not undone by what that one has under way', async () => {
    const squatter = await api.signUp();
    const { otp, challenge_id } = await askForCode(squatter);
    const token = squatter.accessToken;
    const holding = await holdTransaction(stack.databaseUrl);
    try {
      await holding.run(`SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, [squatter.id]);
      const verified = api.post<Tokens>('/auth/verify-otp', { body: { mobile_number: squatter.mobileNumber, otp, challenge_id } });
      await holding.untilWaitedFor(1);
      // Let in with a session that still lives, and written after the number is verified.
      const room = makeRoom(squatter);
      await holding.untilWaitedFor(2);
      const imported = api.post('/chatroom/import', { token, body: DOCUMENT });
      await holding.untilWaitedFor(3);
      const renamed = api.patch('/user/me', { token, body: { email: 'a-thief@example.com', current_password: squatter.password } });
      await holding.untilWaitedFor(4);
      const erased = api.delete('/user/me', { token, body: { password: squatter.password } });
      await holding.untilWaitedFor(5);
      await holding.commit();

      expect((await verified).body.user).toMatchObject({ id: squatter.id, is_verified: true, has_password: false, email: null });
      for (const late of [room, imported, renamed, erased]) expect(await late).toMatchObject({ status: 401, body: SESSION_ENDED });
      const { body } = await verified;
      expect((await api.get('/user/me', { token: body.access_token })).body).toEqual(body.user);
      expect(await roomsOf(squatter.id)).toBe(0);
    } finally {
      await holding.close();
    }
  });

  test('leaves nothing of it, however the requests of both meet', async () => {
    for (let round = 0; round < 8; round += 1) {
      const squatter = await api.signUp();
      const { id: room } = (await makeRoom(squatter)).body;
      const code = await askForCode(squatter);
      const token = squatter.accessToken;
      const [verified] = await Promise.all([
        api.post<Tokens>('/auth/verify-otp', {
          body: { mobile_number: squatter.mobileNumber, otp: code.otp, challenge_id: code.challenge_id },
        }),
        ...Array.from({ length: 3 }, () => makeRoom(squatter)),
        ...Array.from({ length: 3 }, () => api.post(`/chatroom/${room}/message`, { token, body: { content: 'Hello' } })),
        api.post('/chatroom/import', { token, body: DOCUMENT }),
        signUpWith(squatter.mobileNumber),
      ]);
      expect(verified.status).toBe(200);
      expect(await roomsOf(squatter.id)).toBe(0);
      expect(await sql(`SELECT id FROM messages WHERE user_id = $1`, [squatter.id])).toEqual([]);
      await until('no reply of the account is counted', async () => {
        const [row] = await sql<{ unfinished_replies: number }>(`SELECT unfinished_replies FROM users WHERE id = $1`, [squatter.id]);
        return row?.unfinished_replies === 0;
      });
      const login = await api.post('/auth/login', { body: { identifier: squatter.username, password: squatter.password } });
      expect(login.body).toEqual(INVALID_CREDENTIALS);
    }
  });
});

test('an administrator is not made with the number of an account that holds something', async () => {
  const user = await api.signUp();
  await makeRoom(user);
  const input = { username: newUsername(), mobileNumber: user.mobileNumber, password: 'another password', email: null };
  await expect(api.app.get(UsersService, { strict: false }).createAdministrator(input)).rejects.toThrow(MobileNumberTakenError);
  expect(await roomsOf(user.id)).toBe(1);
});
