import { DataSource } from 'typeorm';
import type { TestUser } from '../support/api.js';
import { newUsername } from '../support/api.js';
import { INVALID_CREDENTIALS, INVALID_OTP, problem, SESSION_ENDED, TIME } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';

interface Room {
  readonly id: string;
}

interface Sent {
  readonly reply: { readonly id: string };
}

interface Message {
  readonly id: string;
  readonly status: string;
  readonly content: string;
}

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(() => stack.close());

/** A conversation of the user that holds the planted text, finished. */
async function converse(user: TestUser, planted: string): Promise<{ room: Room; reply: Message }> {
  const { token } = { token: user.accessToken };
  const { body: room } = await stack.api.post<Room>('/chatroom', {
    token,
    body: { name: `room ${planted}`, system_instruction: `be ${planted}` },
  });
  const { body: sent } = await stack.api.post<Sent>(`/chatroom/${room.id}/message`, {
    token,
    body: { content: `what is ${planted}?` },
    headers: { 'idempotency-key': `key ${planted}` },
  });
  const { body: reply } = await stack.api.get<Message>(`/chatroom/${room.id}/message/${sent.reply.id}?wait=20`, { token });
  expect(reply.status).toBe('completed');
  return { room, reply };
}

describe('PATCH /user/me', () => {
  it('changes the username, and the e-mail with the password', async () => {
    const user = await stack.api.signUp({ email: 'before@example.com' });
    const username = newUsername();
    const patch = (body: object) => stack.api.patch('/user/me', { token: user.accessToken, body });
    expect((await patch({ username: username.toUpperCase() })).body).toMatchObject({ username, email: 'before@example.com' });
    expect((await patch({ email: 'After@example.com' })).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'current_password' }],
    });
    expect((await patch({ email: 'after@example.com', current_password: 'a wrong password' })).body).toEqual(INVALID_CREDENTIALS);
    expect((await patch({ email: 'After@example.com', current_password: user.password })).body).toMatchObject({
      email: 'after@example.com',
    });
    expect((await patch({ email: null, current_password: user.password })).body).toMatchObject({ username, email: null });
    expect((await patch({})).body).toMatchObject({ username, email: null });
  });

  it('refuses what another account has, and what may not be changed', async () => {
    const [user, other] = [await stack.api.signUp(), await stack.api.signUp({ email: 'other@example.com' })];
    const patch = (body: object) => stack.api.patch('/user/me', { token: user.accessToken, body });
    expect((await patch({ username: other.username })).body).toEqual(
      problem(409, 'username_taken', 'The username is taken', 'Another account has this username.'),
    );
    expect((await patch({ email: 'OTHER@example.com', current_password: user.password })).body).toEqual(
      problem(409, 'email_taken', 'The e-mail address is taken', 'Another account has this e-mail address.'),
    );
    for (const body of [
      { role: 'admin' },
      { is_verified: true },
      { mobile_number: '+919876543210' },
      { username: null },
      { username: 'x' },
    ]) {
      expect((await patch(body)).body).toMatchObject({ code: 'validation_failed', errors: [{ field: Object.keys(body)[0] }] });
    }
  });
});

describe('GET /user/me/export', () => {
  it('answers all that is stored about the user as one document', async () => {
    const user = await stack.api.signUp({ email: 'export@example.com' });
    const { room, reply } = await converse(user, 'exported-needle');
    await stack.api.app.get(DataSource).query(
      `INSERT INTO audit_log (id, actor_id, action, target_type, target_id, reason, ip, device)
       VALUES (gen_random_uuid(), gen_random_uuid(), 'user.update', 'user', $1, 'asked for it', '203.0.113.9', 'of somebody else')`,
      [user.id],
    );
    const answer = await stack.api.get<Record<string, unknown>>('/user/me/export', { token: user.accessToken });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="account.json"');
    expect(answer.body).toMatchObject({
      exported_at: expect.stringMatching(TIME),
      user: { id: user.id, username: user.username, email: 'export@example.com', mobile_number: user.mobileNumber, has_password: true },
      sessions: [{ ip: '127.0.0.1' }],
      one_time_codes: [{ mobile_number: user.mobileNumber, purpose: 'sign_in' }],
      usage_days: [{ messages: 1 }],
      model_usage: [{ model: 'gemini-3.5-flash-lite', messages: 1, cost_usd: expect.any(Number) }],
      idempotency_keys: [{ key: 'key exported-needle' }],
      audit_log: [{ action: 'user.update', target_id: user.id, reason: 'asked for it', ip: null, device: null }],
      chatrooms: [
        {
          id: room.id,
          name: 'room exported-needle',
          system_instruction: 'be exported-needle',
          messages: [
            { role: 'user', content: 'what is exported-needle?' },
            { id: reply.id, role: 'model', content: reply.content },
          ],
        },
      ],
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/argon2|hash|refresh_key|of somebody else/);
  });

  it('covers every table that holds something of a user', async () => {
    const tables = await stack.api.app
      .get(DataSource)
      .query<{ name: string }[]>(
        `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'user_id' ORDER BY 1`,
      );
    // user_plans is a view of what the parts of it say.
    expect(tables.map(({ name }) => name)).toEqual([
      'attachments',
      'chatrooms',
      'checkouts',
      'customer_updates',
      'feedback',
      'former_stripe_customers',
      'grants',
      'idempotency_keys',
      'messages',
      'otp_challenges',
      'sessions',
      'stripe_customers',
      'subscription_transitions',
      'subscriptions',
      'usage_days',
      'user_model_days',
      'user_plans',
    ]);
  });

  it('writes long conversations page by page, none twice', async () => {
    const user = await stack.api.signUp();
    const { body: room } = await stack.api.post<Room>('/chatroom', { token: user.accessToken, body: { name: 'long' } });
    await stack.api.app.get(DataSource).query(
      `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, role, status, content, completed_at)
       SELECT gen_random_uuid(), $1, $2, n, 1, n, 'user', 'completed', 'number ' || n, now() FROM generate_series(1, 401) n`,
      [room.id, user.id],
    );
    const { body } = await stack.api.get<{ chatrooms: { messages: Message[] }[] }>('/user/me/export', { token: user.accessToken });
    expect(body.chatrooms[0]?.messages.map(({ content }) => content)).toEqual(Array.from({ length: 401 }, (_, i) => `number ${i + 1}`));
  });
});

describe('DELETE /user/me', () => {
  const erase = (user: TestUser, body: object) => stack.api.delete('/user/me', { token: user.accessToken, body });

  it('wants the password, or a fresh code of the same account', async () => {
    const [user, other] = [await stack.api.signUp(), await stack.api.signUp()];
    expect((await erase(user, {})).body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'password' }] });
    expect((await erase(user, { password: 'a wrong password' })).body).toEqual(INVALID_CREDENTIALS);
    expect((await erase(user, { otp: other.otp, challenge_id: other.challengeId })).body).toEqual(INVALID_OTP);
    expect((await stack.api.get('/user/me', { token: user.accessToken })).status).toBe(200);
    expect((await erase(user, { otp: user.otp, challenge_id: user.challengeId })).status).toBe(204);
    expect((await stack.api.get('/user/me', { token: user.accessToken })).body).toEqual(SESSION_ENDED);
  });
});
