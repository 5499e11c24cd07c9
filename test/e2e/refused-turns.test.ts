import { Client } from 'pg';
import type { TestUser } from '../support/api.js';
import { Conversation } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface Journal {
  readonly requests: { readonly purpose: string; readonly body: string; readonly status: number | null }[];
}

let stack: Stack;
let database: Client;
let user: TestUser;
let talk: Conversation;

beforeAll(async () => {
  stack = await startStack({
    BASIC_DAILY_LIMIT: '1000',
    BASIC_CONTEXT_TOKENS: '1000',
    BASIC_MAX_OUTPUT_TOKENS: '64',
    REPLY_MAX_ATTEMPTS: '3',
    REPLY_RETRY_DELAY: '1s',
  });
  database = new Client({ connectionString: stack.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await stack.close();
});
beforeEach(async () => {
  await control('POST', 'reset', {});
  user = await stack.api.signUp();
  talk = await start();
});

const start = () => Conversation.start(stack.api, user.accessToken);
const control = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${stack.gemini.url}/_simulator/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return answer.json();
};
const calls = async (purpose: string) =>
  ((await control('GET', 'requests')) as Journal).requests.filter((call) => call.purpose === purpose);
const isWaiting = async (id: string) =>
  ((await database.query(`SELECT 1 FROM messages WHERE id = $1 AND retry_at IS NOT NULL`, [id])).rowCount ?? 0) > 0;

test('a message that the model refuses is left out of what comes after it', async () => {
  await talk.ask('Hello');
  const refused = await talk.ask('[[poison]] again');
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'request_rejected' } });
  const next = await talk.ask('And now?');
  expect(next).toMatchObject({
    status: 'completed',
    context: { turns: 3, trimmed: 0, summarised: 0, attachments: { sent: 0, omitted: 0 } },
  });
  const last = (await calls('reply')).at(-1)?.body;
  expect(last).toContain('And now?');
  expect(last).toContain('Hello');
  expect(last).not.toContain('poison');
});

test('a message whose every try got an error of the servers, while others were answered, is left out at once', async () => {
  const { reply } = await talk.send('[[poison 500]]');
  await until('the first try has failed', () => isWaiting(reply.id));
  expect(await (await start()).ask('Hello')).toMatchObject({ status: 'completed' });
  expect(await talk.finished(reply.id)).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
  const before = (await calls('reply')).length;
  expect(await talk.ask('And now?')).toMatchObject({ status: 'completed', context: { turns: 1 } });
  expect(await calls('reply')).toHaveLength(before + 1);
});

test('a message that was never answered, because the model was down for everybody, stays', async () => {
  await control('POST', 'next', { scenario: 'error-500', times: 3 });
  expect(await talk.ask('What is there to see in Kyoto?')).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
  const next = await talk.ask('And now?');
  expect(next).toMatchObject({ status: 'completed', context: { turns: 2 } });
  expect((await calls('reply')).at(-1)?.body).toContain('What is there to see in Kyoto?');
});

test('a message over which the servers fail, when nobody else asks them anything, is left out of the second try of the next one', async () => {
  expect(await talk.ask('[[poison 500]]')).toMatchObject({ status: 'failed', error: { code: 'model_unavailable' } });
  const before = (await calls('reply')).length;
  expect(await talk.ask('And now?')).toMatchObject({ status: 'completed', context: { turns: 1 } });
  expect((await calls('reply')).slice(before).map(({ status }) => status)).toEqual([500, 200]);
});

test('a message that the model would refuse, and whose reply was cancelled before it could, does not end the branch either', async () => {
  const { reply } = await talk.send('[[delay 20s]] [[poison]]');
  await until('the model is asked', async () => (await calls('reply')).length === 1);
  const cancelled = await stack.api.post(`${talk.path}/${reply.id}/cancel`, { token: user.accessToken });
  expect(cancelled.body).toMatchObject({ status: 'cancelled', content: '' });
  expect(await talk.ask('Once')).toMatchObject({ status: 'failed', error: { code: 'request_rejected' } });
  expect(await talk.ask('Twice')).toMatchObject({ status: 'completed', context: { turns: 1 } });
  expect((await calls('reply')).map(({ status }) => status)).toEqual([null, 400, 400, 200]);
  expect(await talk.ask('And now?')).toMatchObject({ status: 'completed' });
});

test('a summary tells of no message that the model refused', async () => {
  await talk.ask(`First ${'word '.repeat(40)}`);
  await talk.ask('[[poison]] again');
  for (let i = 1; (await calls('summary')).length === 0 && i <= 12; i += 1) {
    expect(await talk.ask(`Question ${i} ${'word '.repeat(40)}`)).toMatchObject({ status: 'completed' });
    await until('no summary is being made', async () => {
      const { rows } = await database.query(`SELECT 1 FROM digests WHERE due_at IS NOT NULL`);
      return rows.length === 0;
    });
  }
  const summaries = await calls('summary');
  expect(summaries.map(({ status }) => status)).toEqual([200]);
  expect(summaries[0]?.body).toContain('User: First ');
  expect(summaries[0]?.body).not.toContain('poison');
});
