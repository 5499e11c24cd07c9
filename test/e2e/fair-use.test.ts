import { runSql } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody } from '../support/conversation.js';
import { problem } from '../support/problem.js';
import { releaseHeldAnswers } from '../support/held-answers.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

/** The first reply of a day reaches it, whatever it costs. */
const SETTINGS = { PRO_DAILY_COST_USD: '0.000001', REPLY_LEASE: '3s' };

let stack: Stack;
let otherProcess: TestApi;

beforeAll(async () => {
  stack = await startStack(SETTINGS);
  otherProcess = await startTestApi({ DATABASE_URL: stack.databaseUrl, ...SETTINGS });
});
afterAll(async () => {
  await otherProcess.close();
  await stack.close();
});

async function signUpPro(): Promise<TestUser> {
  const user = await stack.api.signUp();
  await runSql(
    stack.databaseUrl,
    `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '30 days', 'test')`,
    [user.id],
  );
  return user;
}

const rowsOf = (userId: string) =>
  runSql(
    stack.databaseUrl,
    `SELECT u.list_version, u.unfinished_replies, (SELECT count(*) FROM messages m WHERE m.user_id = u.id) AS messages,
       (SELECT sum(d.messages) FROM usage_days d WHERE d.user_id = u.id) AS used FROM users u WHERE u.id = $1`,
    [userId],
  );

test('past the limit every process refuses to send, edit, regenerate and stream until midnight UTC, and changes nothing', async () => {
  const user = await signUpPro();
  const talk = await Conversation.start(stack.api, user.accessToken);
  const again = { 'idempotency-key': 'first' };
  const post = (api: Pick<TestApi, 'post'>, path: string, body?: object, headers: Record<string, string> = {}) =>
    api.post<ExchangeBody>(path, { token: user.accessToken, headers, ...(body === undefined ? {} : { body }) });
  const first = await post(stack.api, talk.path, { content: 'Hello' }, again);
  await talk.finished(first.body.reply.id);
  const before = await rowsOf(user.id);

  const { message, reply } = first.body;
  for (const api of [stack.api, otherProcess]) {
    const refusals = [
      await post(api, talk.path, { content: 'And then?' }),
      await post(api, talk.path, { content: 'And then?', parent_id: reply.id }),
      await post(api, talk.path, { content: 'And then?' }, { accept: 'text/event-stream' }),
      await post(api, `${talk.path}/${message.id}/edit`, { content: 'Hi' }),
      await post(api, `${talk.path}/${reply.id}/regenerate`),
    ];
    for (const { status, body, headers } of refusals) {
      expect(status).toBe(429);
      expect(body).toEqual(
        problem(
          429,
          'fair_use_limit_reached',
          'The fair use of the day is reached',
          'The fair use of the Pro plan is used up for this UTC day.',
          {
            resets_at: new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString(),
            retry_after: Number(headers.get('retry-after')),
          },
        ),
      );
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await post(api, talk.path, { content: 'Hello' }, again)).toMatchObject({ status: 202, body: first.body });
  }
  expect(await rowsOf(user.id)).toEqual(before);
});

test('50 sends at once to two processes: one is accepted, and the others are told to retry when it has finished', async () => {
  const user = await signUpPro();
  const talk = await Conversation.start(stack.api, user.accessToken);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      (i % 2 === 0 ? stack.api : otherProcess).post<ExchangeBody & { code?: string }>(talk.path, {
        token: user.accessToken,
        body: { content: '[[hold]] [[long 50]]' },
      }),
    ),
  );
  const [accepted, ...more] = answers.filter(({ status }) => status === 202);
  expect(more).toEqual([]);
  expect(new Set(answers.flatMap(({ body }) => body.code ?? []))).toEqual(new Set(['fair_use_limit_reached']));
  expect(answers.filter(({ headers }) => headers.get('retry-after') === '5')).not.toEqual([]);
  await releaseHeldAnswers(stack.gemini.url);
  await talk.finished(accepted?.body.reply.id ?? '');
});

test('a reply whose room is deleted while it is written costs what it has used', async () => {
  const user = await signUpPro();
  const talk = await Conversation.start(stack.api, user.accessToken);
  const { reply } = await talk.send('Hello [[slow 300ms]] [[long 4000]]');
  const read = <Row>(text: string, value: string) => runSql<Row>(stack.databaseUrl, text, [value]);
  await until(
    'the model has begun to answer',
    async () => (await read(`SELECT 1 FROM messages WHERE id = $1 AND first_token_at IS NOT NULL`, reply.id)).length === 1,
    60_000,
  );
  expect((await stack.api.delete(talk.path.replace(/\/message$/, ''), { token: user.accessToken })).status).toBe(204);
  const spent = async () =>
    (await read<{ micros: number }>(`SELECT spent_micros::int AS micros FROM users WHERE id = $1`, user.id))[0]?.micros;
  await until('its cost is the user’s', async () => (await spent()) !== 0, 60_000);

  const days = await read(`SELECT messages, cost_micros::int AS micros FROM user_model_days WHERE user_id = $1`, user.id);
  expect(days).toEqual([{ messages: 0, micros: await spent() }]);
  const [hour] = await read<{ micros: number }>(`SELECT sum(cost_micros)::int AS micros FROM model_hours WHERE reason = $1`, 'deleted');
  expect(hour?.micros).toBe(await spent());
  const next = await Conversation.start(stack.api, user.accessToken);
  const refused = await stack.api.post(next.path, { token: user.accessToken, body: { content: 'Hello' } });
  expect(refused).toMatchObject({ status: 429, body: { code: 'fair_use_limit_reached' } });
});

test('a user of the Basic plan has the daily limit alone', async () => {
  const user = await stack.api.signUp();
  const talk = await Conversation.start(stack.api, user.accessToken);
  for (let n = 0; n < 5; n += 1) await talk.ask('Hello');
  const refused = await stack.api.post(talk.path, { token: user.accessToken, body: { content: 'Hello' } });
  expect(refused).toMatchObject({ status: 429, body: { code: 'daily_limit_reached' } });
});
