import { Client } from 'pg';
import type { TestUser } from '../support/api.js';
import { Conversation } from '../support/conversation.js';
import { readEvents, type ReceivedEvent, shapeOf, textOf } from '../support/event-stream.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const MODEL = 'gemini-3.5-flash-lite';
const WHOLE = ['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish', '[DONE]'];

let stack: Stack;
let database: Client;
let user: TestUser;
let talk: Conversation;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000', REPLY_MAX_ATTEMPTS: '3', GEMINI_MAX_WAIT: '14s' });
  database = new Client({ connectionString: stack.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await stack.close();
});
beforeEach(async () => {
  await database.query(`DELETE FROM model_pauses`);
  await fetch(`${stack.gemini.url}/_simulator/reset`, { method: 'POST' });
  user = await stack.api.signUp();
  talk = await Conversation.start(stack.api, user.accessToken);
});

const openStream = (replyId: string, headers: Record<string, string> = {}) =>
  stack.api.open('GET', `${talk.path}/${replyId}/stream`, { token: user.accessToken, headers });
const pauses = async () =>
  (
    await database.query<{ model: string; seconds: string }>(
      `SELECT model, extract(epoch FROM paused_until - now()) AS seconds FROM model_pauses`,
    )
  ).rows;
const requests = async () =>
  ((await (await fetch(`${stack.gemini.url}/_simulator/requests`)).json()) as { requests: { status: number | null }[] }).requests;
const usage = async () =>
  (await database.query<{ messages: number }>(`SELECT messages FROM usage_days WHERE user_id = $1`, [user.id])).rows;
const waitsOf = (events: readonly ReceivedEvent[]) => events.filter(({ data }) => typeof data !== 'string' && data.type === 'data-wait');

// Waits are long enough for a slow machine to open both streams meanwhile.
test.each([
  ['RetryInfo', '[[rate-limit 12s x1]] Hello'],
  ['a Retry-After header', '[[retry-after 12 x1]] Hello'],
])('a wait that %s asks for holds the model for everybody, and the streams of the replies say so', async (_name, prompt) => {
  const mine = await talk.send(prompt);
  const reading = openStream(mine.reply.id).then((response) => readEvents(response));
  await until('the model is paused', async () => (await pauses()).length === 1);
  const [pause] = await pauses();
  expect(pause?.model).toBe(MODEL);
  expect(Number(pause?.seconds)).toBeLessThan(14);

  const other = await Conversation.start(stack.api, user.accessToken);
  const { reply } = await other.send('Hello');
  const readingOther = stack.api
    .open('GET', `${other.path}/${reply.id}/stream`, { token: user.accessToken })
    .then((response) => readEvents(response));

  for (const [status, { events }] of [
    ['streaming', await reading],
    ['pending', await readingOther],
  ] as const) {
    expect(shapeOf(events)).toEqual(['start', 'data-wait', ...WHOLE.slice(1)]);
    const [wait] = waitsOf(events);
    expect(wait).toEqual({
      id: events[0]?.id,
      data: {
        type: 'data-wait',
        data: { status, model: MODEL, until: expect.stringMatching(/^\d{4}-.*Z$/), retry_after: expect.any(Number) },
        transient: true,
      },
    });
  }
  expect((await requests()).map(({ status }) => status)).toEqual([prompt.includes('retry-after') ? 503 : 429, 200, 200]);

  const { events } = await reading;
  const { content } = await talk.finished(mine.reply.id);
  expect(textOf(events)).toBe(content);
  // A replay does not tell of it, and whoever resumes at its place gets the rest.
  const replay = await readEvents(await openStream(mine.reply.id));
  expect(shapeOf(replay.events)).toEqual(WHOLE);
  const rest = await readEvents(await openStream(mine.reply.id, { 'last-event-id': waitsOf(events)[0]?.id ?? '' }));
  expect(shapeOf(rest.events)).toEqual(WHOLE.slice(1));
  expect(textOf(rest.events)).toBe(content);
});

test('a stream that is opened during a wait says so too, at the place that its reader has', async () => {
  const { reply } = await talk.send('[[rate-limit 12s x1]] Hello');
  await until('the model is paused', async () => (await pauses()).length === 1);
  const first = await readEvents(await openStream(reply.id), ({ data }) => typeof data !== 'string' && data.type === 'data-wait');
  const lastEventId = first.events.at(-1)?.id ?? '';
  const second = await readEvents(await openStream(reply.id, { 'last-event-id': lastEventId }));
  expect(shapeOf(second.events)).toEqual(['data-wait', ...WHOLE.slice(1)]);
  expect(second.events[0]?.id).toBe(lastEventId);
  expect(textOf(second.events)).toBe((await talk.finished(reply.id)).content);
});

test.each(['[[rate-limit 3600s]]', '[[rate-limit 99999999999999s]]', '[[retry-after 3600]]', '[[retry-after 99999999999999]]'])(
  '%s: a longer wait than is allowed fails the reply at once, costs nothing and holds nobody',
  async (prompt) => {
    const failed = await talk.ask(prompt);
    expect(failed).toMatchObject({
      status: 'failed',
      content: '',
      finish_reason: 'error',
      error: { code: 'model_quota_exhausted', message: "The service's quota for this model is used up. Try again later." },
    });
    expect(await requests()).toHaveLength(1);
    expect(await pauses()).toEqual([]);
    expect(await usage()).toEqual([{ messages: 0 }]);
    expect(await talk.ask('Hello')).toMatchObject({ status: 'completed' });
  },
);

test('a pause that an earlier release made for an hour holds nobody', async () => {
  await database.query(`INSERT INTO model_pauses (model, paused_until) VALUES ($1, now() + interval '1 hour')`, [MODEL]);
  expect(await talk.ask('Hello')).toMatchObject({ status: 'completed' });
});
