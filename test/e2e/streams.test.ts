import { Client } from 'pg';
import type { TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody, type ReplyBody } from '../support/conversation.js';
import { idsRise, readEvents, type ReceivedEvent, shapeOf, textOf } from '../support/event-stream.js';
import { until } from '../support/until.js';
import { releaseHeldAnswers } from '../support/held-answers.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
let user: TestUser;
let database: Client;
let talk: Conversation;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000', REPLY_MAX_ATTEMPTS: '3', MAX_STREAMS: '8' });
  database = new Client({ connectionString: stack.databaseUrl });
  await database.connect();
});
beforeEach(async () => {
  user = await stack.api.signUp();
  talk = await Conversation.start(stack.api, user.accessToken);
});
afterAll(async () => {
  await database.end();
  await stack.close();
});

const sendStreamed = (content: string, headers: Record<string, string> = {}) =>
  stack.api.open('POST', talk.path, { token: user.accessToken, body: { content }, headers: { accept: 'text/event-stream', ...headers } });
const openStream = (replyId: string, lastEventId?: string) =>
  stack.api.open('GET', `${talk.path}/${replyId}/stream`, {
    token: user.accessToken,
    ...(lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } }),
  });
const read = (replyId: string) => talk.finished(replyId);
const replyIdOf = (events: readonly ReceivedEvent[]): string => (events[0]?.data as unknown as { messageId: string }).messageId;
const cancel = (id: string) => stack.api.post<ReplyBody>(`${talk.path}/${id}/cancel`, { token: user.accessToken });
const usedOf = async (): Promise<number> => {
  const { rows } = await database.query<{ used: string }>(`SELECT coalesce(sum(messages), 0) AS used FROM usage_days WHERE user_id = $1`, [
    user.id,
  ]);
  return Number(rows[0]?.used);
};
const simulator = async () => (await (await fetch(`${stack.gemini.url}/_simulator/requests`)).json()) as { open: number; aborted: number };
const release = () => releaseHeldAnswers(stack.gemini.url);

const WHOLE = ['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish', '[DONE]'];

describe('a streamed send', () => {
  test('answers 200 and the whole stream, which adds up to the stored reply', async () => {
    const response = await sendStreamed('Hello [[long 300]]');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'x-vercel-ai-ui-message-stream': 'v1',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String),
      location: expect.stringContaining(talk.path),
    });
    const { events, wasCut } = await readEvents(response);
    const reply = await read(replyIdOf(events));
    expect(wasCut).toBe(false);
    expect(shapeOf(events)).toEqual(WHOLE);
    expect(idsRise(events)).toBe(true);
    expect(textOf(events)).toBe(reply.content);
    expect(events[0]?.data).toEqual({
      type: 'start',
      messageId: reply.id,
      messageMetadata: { chatroom_id: talk.chatroomId, reply_to: reply.reply_to, status: 'pending', model: reply.model },
    });
    expect(events.at(-2)?.data).toEqual({
      type: 'finish',
      finishReason: 'stop',
      messageMetadata: { status: 'completed', usage: reply.usage },
    });
  });

  test('a repeat with the same key joins the same reply', async () => {
    const headers = { 'idempotency-key': 'streamed' };
    const [one, two] = await Promise.all([sendStreamed('Hello [[long 200]]', headers), sendStreamed('Hello [[long 200]]', headers)]);
    const [first, second] = await Promise.all([readEvents(one), readEvents(two)]);
    const later = await readEvents(await sendStreamed('Hello [[long 200]]', headers));
    expect(new Set([first, second, later].map(({ events }) => replyIdOf(events))).size).toBe(1);
    expect(new Set([first, second, later].map(({ events }) => textOf(events))).size).toBe(1);
    expect(await usedOf()).toBe(1);
  });

  test('a refusal is a problem answer', async () => {
    const response = await stack.api.open('POST', talk.path, {
      token: user.accessToken,
      body: { content: '' },
      headers: { accept: 'text/event-stream' },
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test('of 12 at once by a user who may have 8 streams, 8 are accepted; the others cost nothing, and have room when those are gone', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => sendStreamed('[[slow 200ms]] [[long 3000]]')));
    const open = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(open).toHaveLength(8);
    for (const answer of refused) {
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(await answer.json()).toMatchObject({ status: 429, code: 'too_many_streams', limit: 8 });
    }
    expect(await usedOf()).toBe(8);
    for (const response of open) await response.body?.cancel();
    await stack.api.post(`/chatroom/${talk.chatroomId}/cancel`, { token: user.accessToken });
    // A send that is refused only when it is accepted, into a room that does not exist, gives its place back too.
    const sendNowhere = async () => {
      const body = { content: 'Hello' };
      return stack.api.post(`/chatroom/${user.id}/message`, { body, token: user.accessToken, headers: { accept: 'text/event-stream' } });
    };
    await until('there is room again', async () => (await sendNowhere()).status === 404);
    for (let i = 0; i < 10; i += 1) expect((await sendNowhere()).status).toBe(404);
    expect(shapeOf((await readEvents(await sendStreamed('Hello'))).events)).toEqual(WHOLE);
  });
});

describe('picking a stream up', () => {
  test('after any event, during and after the reply, the rest is byte for byte the same', async () => {
    const { reply } = await talk.send('Hello [[slow 10ms]] [[long 200]]');
    const live = readEvents(await openStream(reply.id));
    const cuts = await Promise.all(
      [1, 3, 4, 6, 9].map(async (count) => {
        const before = await readEvents(await openStream(reply.id), (_event, all) => all.length >= count);
        const after = await readEvents(await openStream(reply.id, before.events.at(-1)?.id));
        return [...before.events, ...after.events];
      }),
    );
    const whole = await live;
    const { content } = await read(reply.id);
    for (const events of [whole.events, ...cuts]) {
      expect(textOf(events)).toBe(content);
      expect(idsRise(events)).toBe(true);
      expect(shapeOf(events)).toEqual(WHOLE);
    }
    for (const { id } of whole.events) {
      const response = await openStream(reply.id, id);
      const rest = await readEvents(response);
      const seen = whole.events.filter(
        (event) => event.id === id || whole.events.indexOf(event) < whole.events.findIndex((other) => other.id === id),
      );
      expect(textOf([...seen, ...rest.events])).toBe(content);
      expect(response.status).toBe(id === whole.events.at(-1)?.id ? 204 : 200);
    }
  });

  test.each(['x', '1', '-1--1', '99999-5', '1-999999', '1-7'])('Last-Event-ID %s gives a stream or nothing, never an error', async (id) => {
    const reply = await talk.ask('Hello');
    const response = await openStream(reply.id, id);
    expect([200, 204]).toContain(response.status);
    await response.body?.cancel();
  });

  test('a place past the end of the text is none: what has ended has nothing after it, what is being made is told from its start', async () => {
    const { reply } = await talk.send('Hello [[hold]] [[long 200]]');
    const sent = await readEvents(await openStream(reply.id), (_event, all) => all.length > 3);
    const [attempt] = (sent.events.at(-1)?.id ?? '').split('-');
    const opened = await openStream(reply.id, `${attempt}-999999`);
    await release();
    const { events, wasCut } = await readEvents(opened);
    expect(wasCut).toBe(false);
    expect(shapeOf(events)).toEqual(WHOLE);
    expect(textOf(events)).toBe((await read(reply.id)).content);
    expect((await openStream(reply.id, `${attempt}-999999`)).status).toBe(204);
  });

  test("the room's stream is the oldest unfinished reply's, then the newest one's, then none", async () => {
    const room = () => stack.api.open('GET', `/chatroom/${talk.chatroomId}/stream`, { token: user.accessToken });
    expect((await room()).status).toBe(204);
    const [first, second] = [await talk.send('[[hold]] first'), await talk.send('second')];
    const opened = await room();
    await release();
    const { events } = await readEvents(opened);
    expect(replyIdOf(events)).toBe(first.reply.id);
    await read(second.reply.id);
    expect(replyIdOf((await readEvents(await room())).events)).toBe(second.reply.id);
    await database.query(`UPDATE messages SET completed_at = completed_at - interval '2 minutes' WHERE chatroom_id = $1`, [
      talk.chatroomId,
    ]);
    expect((await room()).status).toBe(204);
  });

  test("a user's message and somebody else's reply have no stream", async () => {
    const { message, reply } = await talk.send('Hello');
    expect((await openStream(message.id)).status).toBe(409);
    const stranger = await stack.api.signUp();
    expect((await stack.api.open('GET', `${talk.path}/${reply.id}/stream`, { token: stranger.accessToken })).status).toBe(404);
  });
});

test('a stream is cut, without an ending, within a second or so of the end of its session', async () => {
  const response = await sendStreamed('[[slow 100ms]] [[long 1000]]');
  const reading = readEvents(response);
  expect((await stack.api.post('/auth/logout', { token: user.accessToken })).status).toBe(204);
  const { events, wasCut } = await reading;
  expect(wasCut).toBe(true);
  expect(shapeOf(events)).not.toContain('finish');
});

describe('endings', () => {
  test('a try that broke off is taken back before the next begins', async () => {
    const { events } = await readEvents(await sendStreamed('[[slow 60ms]] [[cut x1]] [[long 100]]'));
    const reply = await read(replyIdOf(events));
    expect(shapeOf(events)).toEqual(['start', 'start-step', 'text-start', 'text-delta', 'reset-step', 'text-start', ...WHOLE.slice(3)]);
    expect(idsRise(events)).toBe(true);
    expect(textOf(events)).toBe(reply.content);
  });

  test('a failed reply ends with its code, and leaves no text', async () => {
    const { events } = await readEvents(await sendStreamed('[[slow 60ms]] [[cut]]'));
    const reply = await read(replyIdOf(events));
    expect(reply).toMatchObject({ status: 'failed', content: '' });
    expect(textOf(events)).toBe('');
    expect(idsRise(events)).toBe(true);
    expect(events.slice(-3).map(({ data }) => data)).toEqual([
      { type: 'message-metadata', messageMetadata: { status: 'failed', error: reply.error } },
      { type: 'error', errorText: reply.error?.message },
      '[DONE]',
    ]);
  });

  test.each(['[[blocked-prompt]]', '[[slow 60ms]] [[safety]]'])('%s ends with content-filter', async (prompt) => {
    const { events } = await readEvents(await sendStreamed(prompt));
    const reply = await read(replyIdOf(events));
    expect(reply.status).toBe('blocked');
    expect(textOf(events)).toBe(reply.content);
    expect(events.at(-2)?.data).toMatchObject({ type: 'finish', finishReason: 'content-filter' });
  });

  test('a deleted room ends the streams of its replies with abort', async () => {
    const first = await sendStreamed('[[slow 100ms]] [[long 2000]]');
    const second = await talk.send('queued');
    const queued = await openStream(second.reply.id);
    let seen: readonly ReceivedEvent[] = [];
    const reading = readEvents(first, (_event, all) => {
      seen = all;
      return false;
    });
    await until('it is read of', () => textOf(seen) !== '');
    expect((await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken })).status).toBe(204);
    expect(shapeOf((await reading).events)).toEqual([...WHOLE.slice(0, 5), 'abort', '[DONE]']);
    expect(shapeOf((await readEvents(queued)).events)).toEqual(['start', 'abort', '[DONE]']);
  });
});

describe('stopping', () => {
  test('in mid-stream: the request to the model is aborted, the text kept, the usage estimated', async () => {
    const before = (await simulator()).aborted;
    const streaming = await sendStreamed('[[slow 50ms]] [[long 2000]]');
    const { events } = await readEvents(streaming, (_event, all) => all.length > 5);
    const reading = readEvents(await openStream(replyIdOf(events)));
    const stopped = await cancel(replyIdOf(events));
    expect(stopped.status).toBe(200);
    expect(stopped.body).toMatchObject({ status: 'cancelled', finish_reason: 'cancelled', usage: { estimated: true } });
    expect(stopped.body.content.length).toBeGreaterThan(0);
    const whole = await reading;
    expect(textOf(whole.events)).toBe(stopped.body.content);
    expect(shapeOf(whole.events).slice(-4)).toEqual(['text-end', 'message-metadata', 'abort', '[DONE]']);
    expect((await cancel(replyIdOf(events))).body).toEqual(stopped.body);
    await until('the request is aborted', async () => (await simulator()).aborted > before);
    expect(await usedOf()).toBe(1);
  });

  test('before the first token: nothing is kept and nothing charged', async () => {
    const { reply } = await talk.send('[[delay 20s]]');
    await until('the model is asked', async () => (await simulator()).open > 0);
    expect((await cancel(reply.id)).body).toMatchObject({ status: 'cancelled', content: '' });
    expect(await usedOf()).toBe(0);
  });

  test('queued behind another: it ends at once and the other goes on', async () => {
    const first = await talk.send('[[hold]]');
    const second = await talk.send('second');
    const third = await talk.send('third');
    expect((await cancel(second.reply.id)).body).toMatchObject({ status: 'cancelled', content: '' });
    await release();
    expect(await read(first.reply.id)).toMatchObject({ status: 'completed' });
    expect((await read(third.reply.id)).content).toContain('You wrote: “third”');
    expect(await usedOf()).toBe(2);
  });

  test('between two tries', async () => {
    const { reply } = await talk.send('[[rate-limit 20s]]');
    await until('a retry is due', async () => {
      const { rows } = await database.query<{ waits: boolean }>(`SELECT retry_at IS NOT NULL AS waits FROM messages WHERE id = $1`, [
        reply.id,
      ]);
      return rows[0]?.waits === true;
    });
    expect((await cancel(reply.id)).body).toMatchObject({ status: 'cancelled' });
    await database.query(`DELETE FROM model_pauses`);
  });

  test('a finished reply stays as it is, a message of the user is none', async () => {
    const reply = await talk.ask('Hello');
    expect((await cancel(reply.id)).body).toEqual(reply);
    expect(await cancel(reply.reply_to ?? '')).toMatchObject({ status: 409, body: { code: 'not_a_reply' } });
  });

  test('late: a newer reply of the room goes on', async () => {
    const first = await talk.ask('Hello');
    const second = await talk.send('[[slow 30ms]] [[long 200]]');
    const reading = readEvents(await openStream(second.reply.id));
    expect((await cancel(first.id)).body).toEqual(first);
    expect(shapeOf((await reading).events)).toEqual(WHOLE);
    expect(await read(second.reply.id)).toMatchObject({ status: 'completed' });
  });

  test('a whole room', async () => {
    const sent = [await talk.send('[[slow 50ms]] [[long 2000]]'), await talk.send('two'), await talk.send('three')];
    const { body } = await stack.api.post<{ data: ReplyBody[] }>(`/chatroom/${talk.chatroomId}/cancel`, { token: user.accessToken });
    expect(body.data.map(({ id, status }) => ({ id, status }))).toEqual(sent.map(({ reply }) => ({ id: reply.id, status: 'cancelled' })));
    const { rows } = await database.query(`SELECT unfinished_replies FROM users WHERE id = $1`, [user.id]);
    expect(rows).toEqual([{ unfinished_replies: 0 }]);
  });
});

describe('another reply', () => {
  test('of a reply or of its message: a sibling, which the branch then goes through', async () => {
    const first = await talk.ask('Hello');
    const regenerate = (id: string, headers: Record<string, string> = {}) =>
      stack.api.post<ExchangeBody>(`${talk.path}/${id}/regenerate`, { token: user.accessToken, headers });
    const { status, body } = await regenerate(first.id);
    expect(status).toBe(202);
    expect(body.message.id).toBe(first.reply_to);
    expect(body.reply).toMatchObject({ parent_id: first.reply_to, sibling_ids: [first.id, body.reply.id], status: 'pending' });
    await read(body.reply.id);
    const third = await regenerate(first.reply_to ?? '', { 'idempotency-key': 'again' });
    expect((await regenerate(first.reply_to ?? '', { 'idempotency-key': 'again' })).body).toEqual(third.body);
    const finished = await read(third.body.reply.id);
    expect(finished.context?.turns).toBe(1);
    const branch = await stack.api.get<{ data: ReplyBody[] }>(talk.path, { token: user.accessToken });
    expect(branch.body.data.map(({ id }) => id)).toEqual([finished.id, first.reply_to]);
    expect(await usedOf()).toBe(3);
    const next = await talk.ask('And now?');
    expect(next.context?.turns).toBe(3);
  });

  test('streams as a send does', async () => {
    const first = await talk.ask('Hello');
    const response = await stack.api.open('POST', `${talk.path}/${first.id}/regenerate`, {
      token: user.accessToken,
      headers: { accept: 'text/event-stream' },
    });
    const { events } = await readEvents(response);
    expect(shapeOf(events)).toEqual(WHOLE);
    expect(textOf(events)).toBe((await read(replyIdOf(events))).content);
  });
});
