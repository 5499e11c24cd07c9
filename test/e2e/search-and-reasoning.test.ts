import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import type { TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface SentRequest {
  readonly contents: { role: string; parts: { text: string; thoughtSignature?: string }[] }[];
  readonly tools?: object[];
  readonly generationConfig: { maxOutputTokens: number; thinkingConfig?: object };
}

let stack: Stack;
let basic: TestUser;
let pro: TestUser;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000', REPLY_MAX_ATTEMPTS: '2' });
  [basic, pro] = await Promise.all([stack.api.signUp(), stack.api.signUp()]);
  await stack.api.app
    .get(DataSource)
    .query(`INSERT INTO grants (id, user_id, entitled_until, reason) VALUES ($1, $2, now() + interval '1 day', 'test')`, [newId(), pro.id]);
});
afterAll(() => stack.close());

const requests = async (): Promise<SentRequest[]> => {
  const body = (await (await fetch(`${stack.gemini.url}/_simulator/requests`)).json()) as { requests: { purpose: string; body: string }[] };
  return body.requests.filter(({ purpose }) => purpose === 'reply').map((request) => JSON.parse(request.body) as SentRequest);
};
const lastRequest = async () => (await requests()).at(-1);
const startRoom = (room: object = {}) => Conversation.start(stack.api, pro.accessToken, { name: 'A room', ...room });
const regenerated = async (talk: Conversation, reply: ReplyBody): Promise<ReplyBody> => {
  const { body } = await stack.api.post<{ reply: ReplyBody }>(`${talk.path}/${reply.id}/regenerate`, { token: pro.accessToken });
  return talk.finished(body.reply.id);
};

describe('what a room and a message may choose', () => {
  test('the plan refuses, then the model; what both offer is kept and shown', async () => {
    const createAs = async ({ accessToken: token }: TestUser, body: object) =>
      await stack.api.post<{ code?: string }>('/chatroom', { token, body });
    const codeOf = async (user: TestUser, body: object) => {
      const answer = await createAs(user, body);
      return [answer.status, answer.body.code];
    };
    expect(await codeOf(basic, { web_search: true })).toEqual([403, 'not_in_plan']);
    expect(await codeOf(basic, { reasoning: 'high' })).toEqual([403, 'not_in_plan']);
    expect(await codeOf(pro, { reasoning: 'minimal', model: 'gemini-4-argon' })).toEqual([409, 'not_offered_by_model']);
    expect(await codeOf(pro, { reasoning: 'endless' })).toEqual([400, 'validation_failed']);
    expect(await codeOf(pro, { web_search: null })).toEqual([400, 'validation_failed']);
    expect((await createAs(pro, { web_search: true, reasoning: 'low' })).body).toMatchObject({ web_search: true, reasoning: 'low' });
  });

  test('a change of a room is judged by the model that it has or gets, and null takes the level back', async () => {
    const talk = await startRoom({ model: 'gemini-4-argon' });
    const change = (body: object) => stack.api.patch(`/chatroom/${talk.chatroomId}`, { token: pro.accessToken, body });
    expect(await change({ reasoning: 'medium' })).toMatchObject({ status: 409, body: { code: 'not_offered_by_model' } });
    expect(await change({ reasoning: 'medium', model: null })).toMatchObject({ status: 200, body: { reasoning: 'medium' } });
    expect(await change({ model: 'gemini-4-argon' })).toMatchObject({ status: 200, body: { reasoning: null } });
    expect(await change({ model: null })).toMatchObject({ body: { reasoning: 'medium' } });
    expect(await change({ reasoning: null, web_search: true })).toMatchObject({ body: { reasoning: null, web_search: true } });
  });

  test('a message is refused by the same rules and costs nothing then', async () => {
    const talk = await Conversation.start(stack.api, basic.accessToken);
    const send = (body: object) => stack.api.post(talk.path, { token: basic.accessToken, body: { content: 'Hello', ...body } });
    expect(await send({ web_search: true })).toMatchObject({ status: 403, body: { code: 'not_in_plan' } });
    expect(await send({ reasoning: 'high' })).toMatchObject({ status: 403, body: { code: 'not_in_plan' } });
    const { body } = await stack.api.get<{ data: object[] }>(talk.path, { token: basic.accessToken });
    expect(body.data).toEqual([]);
  });

  test('a message says otherwise for itself, in both directions; another reply to it is made the same way', async () => {
    const talk = await startRoom({ web_search: true, reasoning: 'low' });
    await talk.ask('as the room');
    expect(await lastRequest()).toMatchObject({
      tools: [{ googleSearch: {} }],
      generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } },
    });
    const plain = await talk.ask('without', { web_search: false, reasoning: null });
    await regenerated(talk, plain);
    for (const request of (await requests()).slice(-2)) {
      expect(request.tools).toBeUndefined();
      expect(request.generationConfig.thinkingConfig).toBeUndefined();
    }
    const edited = await stack.api.patch<{ reply: ReplyBody }>(`${talk.path}/${plain.reply_to ?? ''}`, {
      token: pro.accessToken,
      body: { content: 'edited', reasoning: 'high' },
    });
    await talk.finished(edited.body.reply.id);
    const high = await lastRequest();
    expect(high).toMatchObject({
      tools: [{ googleSearch: {} }],
      generationConfig: { thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true } },
    });
    expect(high?.generationConfig.maxOutputTokens).toBe(8_192 + 24_576);
  });
});

describe('web search', () => {
  test('a reply names its pages with the passages that rest on them, live and in a replay', async () => {
    const talk = await startRoom({ web_search: true });
    const { reply } = await talk.send('What is new? 你好 👩‍💻 [[grounded 4]]');
    const streamed = await framesOf(talk, reply.id);
    const finished = await talk.finished(reply.id);
    expect(finished.sources).toHaveLength(4);
    expect(finished.search_suggestions).toContain('Simulated search suggestion');
    const paragraphs = finished.content.split(/\n+/u);
    for (const { passages, url } of finished.sources ?? []) {
      expect(url).toMatch(/^https:/);
      expect(new Set(passages.map(String)).size).toBe(passages.length);
      const [first] = passages.map(([start, end]) => finished.content.slice(start, end));
      expect(finished.content === first || paragraphs.includes(first ?? '')).toBe(true);
    }
    const pages = (finished.sources ?? []).map(({ url, title }, i) => ({ type: 'source-url', sourceId: `source-${i + 1}`, url, title }));
    for (const frames of [streamed, await framesOf(talk, reply.id)])
      expect(frames.filter(({ type }) => type === 'source-url')).toMatchObject(pages);
  });

  test('a search costs what its queries cost', async () => {
    const talk = await startRoom();
    const costOf = async () => {
      const { body } = await stack.api.get<{ totals: { cost_usd: number } }>('/user/me/usage', { token: pro.accessToken });
      return body.totals.cost_usd;
    };
    const before = await costOf();
    await talk.ask('Search it', { web_search: true });
    expect((await costOf()) - before).toBeGreaterThan(2 * 0.014);
  });

  test('a model that does not search, and one that refuses to, answers without sources', async () => {
    const talk = await startRoom({ web_search: true });
    expect(await talk.ask('[[ungrounded]]')).toMatchObject({ status: 'completed', sources: null, search_suggestions: null });
    expect(await talk.ask('[[search-refused]]')).toMatchObject({ status: 'completed', sources: null });
    expect(await talk.ask('[[reasoning-refused]]', { reasoning: 'low' })).toMatchObject({ status: 'completed', reasoning: null });
  });

  test('a refused search does not keep a branch from going on past a message that the model refuses', async () => {
    const talk = await startRoom({ web_search: true });
    const before = (await requests()).length;
    const { reply } = await talk.send('[[delay 20s]] [[poison]]');
    await until('the model is asked', async () => (await requests()).length > before);
    await stack.api.post(`${talk.path}/${reply.id}/cancel`, { token: pro.accessToken });
    expect(await talk.ask('Once')).toMatchObject({ status: 'failed', error: { code: 'request_rejected' } });
    expect(await talk.ask('[[search-refused]] Twice')).toMatchObject({ status: 'completed', context: { turns: 1 } });
  });
});

describe('reasoning', () => {
  test('thoughts before and between the text are streamed in their order, resumed by the same ids, and stored apart', async () => {
    const talk = await startRoom({ reasoning: 'low' });
    const { reply } = await talk.send('[[thinking-between]] Why? 🙂');
    const finished = await talk.finished(reply.id);
    expect(finished.reasoning).toMatch(/^\*\*Reading the conversation\*\*/);
    expect(finished.content).not.toContain('Reading the conversation');
    expect(finished.usage?.reasoning_tokens).toBeGreaterThan(0);
    const all = await framesOf(talk, reply.id);
    expect(all.map(({ type }) => type).filter((type) => type.endsWith('-start') || type.endsWith('-end'))).toEqual([
      ...['reasoning-start', 'reasoning-end', 'text-start', 'text-end', 'reasoning-start', 'reasoning-end', 'text-start', 'text-end'],
    ]);
    const deltas = (type: string) => all.map((event) => (event.type === type ? event.delta : '')).join('');
    expect(deltas('text-delta')).toBe(finished.content);
    expect(deltas('reasoning-delta')).toBe(finished.reasoning);
    for (const [i, { eventId }] of all.entries()) expect(await framesOf(talk, reply.id, eventId)).toEqual(all.slice(i + 1));
  });

  test('thoughts alone are no answer', async () => {
    const talk = await startRoom({ reasoning: 'low' });
    expect(await talk.ask('[[empty MAX_TOKENS]]')).toMatchObject({ status: 'failed', error: { code: 'empty_answer' }, reasoning: null });
  });

  test('the model gets its signatures back with the turn that they are of, and no thoughts', async () => {
    const talk = await startRoom({ reasoning: 'low' });
    const first = await talk.ask('One');
    await talk.ask('Two');
    const turn = (await lastRequest())?.contents[1];
    expect(turn?.parts.map(({ text }) => text).join('')).toBe(first.content);
    expect(turn?.parts.some(({ thoughtSignature }) => thoughtSignature !== undefined)).toBe(true);
  });
});

interface Frame {
  readonly eventId: string;
  readonly type: string;
  readonly delta?: string;
}

async function framesOf(talk: Conversation, replyId: string, after?: string): Promise<Frame[]> {
  const response = await fetch(`${stack.api.origin}${talk.path}/${replyId}/stream`, {
    headers: { authorization: `Bearer ${pro.accessToken}`, ...(after === undefined ? {} : { 'last-event-id': after }) },
  });
  const text = response.status === 204 ? '' : await response.text();
  return [...text.matchAll(/^id: (.*)\ndata: (.*)$/gmu)].map(([, eventId = '', data = '']) =>
    data === '[DONE]' ? { eventId, type: 'done' } : { eventId, ...(JSON.parse(data) as { type: string; delta?: string }) },
  );
}
