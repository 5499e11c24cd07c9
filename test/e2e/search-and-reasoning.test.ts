import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import type { TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { signUpAdministrator } from '../support/administrator.js';
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

  test('a search is counted for its user and for administrators, and costs what its queries cost', async () => {
    const talk = await startRoom();
    const { accessToken: token } = await signUpAdministrator(stack.api);
    const usage = async () => {
      const { body } = await stack.api.get<{ totals: { searches: number; cost_usd: number } }>('/user/me/usage', {
        token: pro.accessToken,
      });
      const [costs, stats] = [
        await stack.api.get<{ data: { user_id: string; searches: number }[] }>('/admin/stats/users', { token }),
        await stack.api.get<{ models: { searches: number }[] }>('/admin/stats', { token }),
      ];
      return {
        cost: body.totals.cost_usd,
        searches: [
          body.totals.searches,
          costs.body.data.find(({ user_id: id }) => id === pro.id)?.searches ?? 0,
          stats.body.models.reduce((sum, { searches }) => sum + searches, 0),
        ],
      };
    };
    const before = await usage();
    await talk.ask('Search it', { web_search: true });
    const after = await usage();
    expect(after.searches.map((searches, i) => searches - (before.searches[i] ?? 0))).toEqual([2, 2, 2]);
    expect(after.cost - before.cost).toBeGreaterThan(2 * 0.014);
    expect(after.cost - before.cost).toBeLessThan(3 * 0.014);
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

  test('the first thought and the first token of the text are told apart', async () => {
    const talk = await startRoom({ reasoning: 'low' });
    const reply = await talk.ask('[[thinking 200]] [[slow 20ms]] Why?');
    const plain = await talk.ask('Hello', { reasoning: null });
    const { accessToken: token } = await signUpAdministrator(stack.api);
    const { body } = await stack.api.get<{ data: { id: string; first_token_at: string; first_thought_at: string | null }[] }>(
      `/admin/messages?role=model&chatroom_id=${talk.chatroomId}`,
      { token },
    );
    const [ofPlain, ofReply] = body.data;
    expect([ofPlain?.id, ofPlain?.first_thought_at]).toEqual([plain.id, null]);
    expect(ofReply?.id).toBe(reply.id);
    expect(Date.parse(ofReply?.first_token_at ?? '') - Date.parse(ofReply?.first_thought_at ?? '')).toBeGreaterThan(100);
    const stats = await stack.api.get<{ latency_ms: { first_thought: { p50: number | null } } }>('/admin/stats', { token });
    expect(stats.body.latency_ms.first_thought.p50).toBeGreaterThan(0);
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
    // A model that refuses them gets the same turns without them.
    expect(await talk.ask('Three [[error-400 x1]]')).toMatchObject({ status: 'completed', context: { turns: 5 } });
    const [refused, repeated] = (await requests()).slice(-2);
    const isSigned = (request?: SentRequest) => JSON.stringify(request).includes('thoughtSignature');
    expect([isSigned(refused), isSigned(repeated)]).toEqual([true, false]);
  });
});

describe('what an answer rests on', () => {
  const sql = <Row>(text: string, values: unknown[]): Promise<Row[]> => stack.api.app.get(DataSource).query(text, values);
  /** The counter, and what the table holds. */
  const bytes = async () => {
    const [row] = await sql<{ counted: number; held: number }>(
      `SELECT u.stored_bytes::integer AS counted, (
         SELECT sum(octet_length(content) + coalesce(octet_length(reasoning), 0) + coalesce(octet_length(search_suggestions), 0)
           + coalesce(octet_length(replace(replace(sources::text, ', ', ','), ': ', ':')), 0))::integer FROM messages m WHERE m.user_id = u.id
       ) AS held FROM users u WHERE u.id = $1`,
      [pro.id],
    );
    return [row?.counted, row?.held] as const;
  };
  interface Exported {
    readonly chatroom: object;
    readonly messages: readonly (object & { readonly role: string })[];
  }
  const exported = async (id: string) => (await stack.api.get<Exported>(`/chatroom/${id}/export`, { token: pro.accessToken })).body;

  test('is exported, imported and copied, streams as before, and counts as storage', async () => {
    const talk = await startRoom({ web_search: true, reasoning: 'low' });
    await talk.ask('Plain', { web_search: false, reasoning: null });
    const reply = await talk.ask('[[thinking-between]] [[grounded 2]] Why? 你好 🙂');
    const before = await exported(talk.chatroomId);
    expect(before.chatroom).toMatchObject({ web_search: true, reasoning: 'low' });
    const [plain, , , detailed] = before.messages;
    expect(plain).toMatchObject({ web_search: false, reasoning_level: 'default' });
    const { reasoning, sources, search_suggestions } = reply;
    expect(detailed).toMatchObject({ reasoning, sources, search_suggestions, part_lengths: expect.any(Array) as object });

    const imported = await stack.api.post<{ id: string }>('/chatroom/import', { token: pro.accessToken, body: before });
    expect(imported).toMatchObject({ status: 201, body: { web_search: true, reasoning: 'low' } });
    expect(await exported(imported.body.id)).toEqual(before);
    const copied = await stack.api.post<{ id: string }>(`/chatroom/${talk.chatroomId}/copy`, {
      token: pro.accessToken,
      body: { message_id: reply.id },
    });
    expect(copied.body).toMatchObject({ web_search: true, reasoning: 'low' });
    expect((await exported(copied.body.id)).messages).toEqual(before.messages);

    const shapeOf = (frames: readonly Frame[]) => frames.slice(1).map(({ eventId, type, delta }) => [eventId, type, delta]);
    const shape = shapeOf(await framesOf(talk, reply.id));
    for (const { body } of [imported, copied]) {
      const other = new Conversation(stack.api, pro.accessToken, body.id);
      const { body: page } = await stack.api.get<{ data: ReplyBody[] }>(other.path, { token: pro.accessToken });
      expect(page.data[0]).toMatchObject({ content: reply.content, reasoning, sources, search_suggestions, feedback: null });
      expect(shapeOf(await framesOf(other, page.data[0]?.id ?? ''))).toEqual(shape);
    }
    for (const id of [imported.body.id, copied.body.id, talk.chatroomId]) {
      const [counted, held] = await bytes();
      expect(counted).toBe(held);
      await stack.api.delete(`/chatroom/${id}`, { token: pro.accessToken });
    }
    const [counted, held] = await bytes();
    expect(counted).toBe(held);
  });

  test('is named in a Markdown export, and is in the export of the account', async () => {
    const talk = await startRoom({ web_search: true, reasoning: 'low' });
    const reply = await talk.ask('[[grounded 2]] Why?');
    const { body: markdown } = await stack.api.get<string>(`/chatroom/${talk.chatroomId}/export?format=markdown`, {
      token: pro.accessToken,
    });
    expect(markdown).toContain('> *Thoughts*\n> \n> **Reading the conversation**');
    for (const { url } of reply.sources ?? []) expect(markdown).toContain(`: <${url}>\n`);
    expect(markdown).not.toContain('Simulated search suggestion');
    const { body } = await stack.api.get<{ chatrooms: { messages: { id: string }[] }[] }>('/user/me/export', { token: pro.accessToken });
    const kept = body.chatrooms.flatMap(({ messages }) => messages).find(({ id }) => id === reply.id);
    expect(kept).toMatchObject({
      reasoning: reply.reasoning,
      sources: reply.sources,
      search_suggestions: reply.search_suggestions,
    });
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
