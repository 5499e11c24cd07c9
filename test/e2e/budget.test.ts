import { DataSource } from 'typeorm';
import { BudgetService } from '../../src/modules/messages/usage/budget.service.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { Conversation, type ExchangeBody } from '../support/conversation.js';
import { problem } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const BUDGET = { GEMINI_DAILY_BUDGET_USD: '2.5' };

let stack: Stack;
let otherProcess: TestApi;

beforeAll(async () => {
  stack = await startStack(BUDGET);
  otherProcess = await startTestApi({ DATABASE_URL: stack.databaseUrl, ...BUDGET });
});
beforeEach(async () => {
  await spend(0);
  for (const { app } of [stack.api, otherProcess])
    await until('the process has looked', async () => !(await app.get(BudgetService, { strict: false }).isReached()));
});
afterAll(async () => {
  await otherProcess.close();
  await stack.close();
});

/** What all replies of today have cost. */
const spend = async (usd: number) => {
  const dataSource = stack.api.app.get(DataSource);
  await dataSource.query(`DELETE FROM model_hours`);
  await dataSource.query(
    `INSERT INTO model_hours (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens, cost_micros,
       first_token_counts, total_counts)
     SELECT date_trunc('hour', at, 'UTC'), 'gemini-4-argon', 'reply', 'completed', 'stop', 1, 1, 0, 0, 0, micros, array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
     FROM (VALUES (now(), $1::bigint), (now() - interval '1 day', 9000000)) AS spent(at, micros)`,
    [usd * 1_000_000],
  );
};

const rowsOf = async (userId: string) =>
  stack.api.app.get(DataSource).query<unknown[]>(
    `SELECT u.list_version, u.unfinished_replies, c.last_position,
       (SELECT count(*) FROM messages m WHERE m.user_id = u.id) AS messages, (SELECT sum(d.messages) FROM usage_days d WHERE d.user_id = u.id) AS used
     FROM users u JOIN chatrooms c ON c.user_id = u.id WHERE u.id = $1`,
    [userId],
  );

test('past the budget every process refuses new messages until midnight UTC, and changes nothing; a repeat gets its first answer', async () => {
  const user = await stack.api.signUp();
  const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Kyoto' });
  const first = await talk.ask('Hello');
  const send = (api: Pick<TestApi, 'post'>, content: string, headers = {}) =>
    api.post<ExchangeBody>(talk.path, { token: user.accessToken, body: { content }, headers });
  const again = { 'idempotency-key': 'before' };
  const repeated = await send(stack.api, 'Before', again);
  await talk.finished(repeated.body.reply.id);
  const before = await rowsOf(user.id);

  await spend(2.5);
  for (const { app } of [stack.api, otherProcess])
    await until('the process has looked', () => app.get(BudgetService, { strict: false }).isReached());
  for (const api of [stack.api, otherProcess]) {
    const refused = await send(api, 'Hello');
    expect(refused.body).toEqual(
      problem(
        503,
        'service_budget_reached',
        "The service's budget for today is used up",
        'The service accepts no more messages until midnight UTC.',
        {
          resets_at: new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString(),
          retry_after: Number(refused.headers.get('retry-after')),
        },
      ),
    );
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(86_400);
    const streamed = await send(api, 'Hello', { accept: 'text/event-stream' });
    expect(streamed).toMatchObject({ status: 503, body: { code: 'service_budget_reached' } });
    const regenerated = await api.post(`${talk.path}/${first.id}/regenerate`, { token: user.accessToken });
    expect(regenerated).toMatchObject({ status: 503, body: { code: 'service_budget_reached' } });
    expect(await send(api, 'Before', again)).toMatchObject({ status: 202, body: repeated.body });
  }
  expect(await rowsOf(user.id)).toEqual(before);
});

test('each call counts: the budget is reached by what replies really cost', async () => {
  const user = await stack.api.signUp();
  const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Kyoto' });
  await spend(2.499_999);
  expect(await talk.ask('Hello')).toMatchObject({ status: 'completed' });
  await until('it is reached', () => stack.api.app.get(BudgetService, { strict: false }).isReached());
  const refused = await stack.api.post(talk.path, { token: user.accessToken, body: { content: 'Hello' } });
  expect(refused).toMatchObject({ status: 503, body: { code: 'service_budget_reached' } });
});

test('what was accepted before and not begun fails and is given back; what was begun is finished', async () => {
  const user = await stack.api.signUp();
  const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Kyoto' });
  const running = await talk.send('[[slow 200ms]] [[long 200]]');
  const waiting = await talk.send('And then?');
  await until('the first is begun', async () => {
    const { body } = await stack.api.get<{ status: string }>(`${talk.path}/${running.reply.id}`, { token: user.accessToken });
    return body.status === 'streaming';
  });
  await spend(3);
  expect(await talk.finished(running.reply.id)).toMatchObject({ status: 'completed' });
  expect(await talk.finished(waiting.reply.id)).toMatchObject({
    status: 'failed',
    content: '',
    error: { code: 'service_budget_reached', message: "The service's budget for today is used up. Try again tomorrow." },
  });
  expect(await rowsOf(user.id)).toMatchObject([{ used: '1', unfinished_replies: 0 }]);
});
