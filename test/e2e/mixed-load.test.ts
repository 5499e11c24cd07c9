import { DataSource } from 'typeorm';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { CapturedLog } from '../support/captured-log.js';
import { chatroomDocument } from '../support/chatroom-document.js';
import type { ExchangeBody } from '../support/conversation.js';
import { isFullSize } from '../support/full-size.js';
import { type Stack, startStack } from '../support/stack.js';
import { findTreeFaults } from '../support/tree.js';
import { until } from '../support/until.js';

// Everything that writes to conversations, at once, by few users in few rooms, at two API processes and a worker.

const USERS = 4;
const ROOMS = 2;
const CLIENTS = 24;
const REQUESTS = isFullSize ? 10_000 : 1_200;
const SETTINGS = { BASIC_DAILY_LIMIT: '1000000', MAX_PENDING_REPLIES: '1000', LOG_LEVEL: 'warn' };

const log = new CapturedLog();

let stack: Stack;
let other: TestApi;
let dataSource: DataSource;

beforeAll(async () => {
  stack = await startStack(SETTINGS, log);
  other = await startTestApi({ ...SETTINGS, DATABASE_URL: stack.databaseUrl }, log);
  dataSource = stack.api.app.get(DataSource);
});
afterAll(async () => {
  await other.close();
  await stack.close();
});

/** A user's rooms, and the newest messages of each. */
interface Talker {
  readonly user: TestUser;
  readonly rooms: string[];
  readonly exchanges: Map<string, ExchangeBody[]>;
}

const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(Math.random() * from.length)];

async function createTalker(): Promise<Talker> {
  const talker = { user: await stack.api.signUp(), rooms: [], exchanges: new Map<string, ExchangeBody[]>() };
  for (let i = 0; i < ROOMS; i += 1) await createRoom(stack.api, talker);
  return talker;
}

async function createRoom(api: TestApi, { user, rooms }: Talker): Promise<number> {
  const { status, body } = await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: { name: 'Mixed' } });
  rooms.push(body.id);
  return status;
}

/** One request of a random kind. @returns what it was, and how it was answered */
async function request(api: TestApi, talker: Talker): Promise<string> {
  const { user, rooms, exchanges } = talker;
  const { accessToken: token } = user;
  const room = pick(rooms) ?? '';
  const path = `/chatroom/${room}/message`;
  const known = exchanges.get(room) ?? [];
  const { message, reply } = pick(known) ?? {};
  const keep = ({ status, body }: { status: number; body: ExchangeBody }): number => {
    if (status === 202) exchanges.set(room, [...known.slice(-20), body]);
    return status;
  };
  const body = { content: pick(['Hello', 'Tell me more', '[[slow 20ms]]', '[[error-400]]', '[[error-503]] once']) };
  const statusOf = async (answer: Promise<{ status: number }>) => (await answer).status;
  const kinds: Readonly<Record<string, () => Promise<number>>> = {
    send: async () => keep(await api.post<ExchangeBody>(path, { token, body })),
    'send again': async () => keep(await api.post<ExchangeBody>(path, { token, body })),
    edit: async () => keep(await api.post<ExchangeBody>(`${path}/${message?.id ?? ''}/edit`, { token, body })),
    regenerate: async () => keep(await api.post<ExchangeBody>(`${path}/${reply?.id ?? ''}/regenerate`, { token })),
    activate: () => statusOf(api.post(`${path}/${pick([message, reply])?.id ?? ''}/activate`, { token })),
    cancel: () => statusOf(api.post(`${path}/${reply?.id ?? ''}/cancel`, { token })),
    'cancel all': () => statusOf(api.post(`/chatroom/${room}/cancel`, { token })),
    rate: () => statusOf(api.send('PUT', `${path}/${reply?.id ?? ''}/feedback`, { token, body: { rating: 'up' } })),
    rename: () => statusOf(api.patch(`/chatroom/${room}`, { token, body: { name: pick(['One', 'Two']) } })),
    list: () => statusOf(api.get('/chatroom', { token })),
    import: () => statusOf(api.post('/chatroom/import', { token, body: chatroomDocument(['a', 'b', 'c', 'd']) })),
    copy: () => statusOf(api.post(`/chatroom/${room}/copy`, { token, body: { message_id: message?.id ?? room } })),
    delete: async () => {
      rooms.splice(rooms.indexOf(room), 1);
      const [deleted, created] = await Promise.all([statusOf(api.delete(`/chatroom/${room}`, { token })), createRoom(api, talker)]);
      return Math.max(deleted, created);
    },
  };
  const kind = pick(Object.keys(kinds)) ?? 'send';
  return `${kind}: ${(await kinds[kind]?.()) ?? NaN}`;
}

test('requests of all kinds at once are answered without a deadlock, and leave everything exact', async () => {
  const talkers: Talker[] = [];
  for (let i = 0; i < USERS; i += 1) talkers.push(await createTalker());
  const answers = new Map<string, number>();
  let left = REQUESTS;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, i) => {
      const talker = talkers[i % USERS];
      while (talker && left > 0) {
        left -= 1;
        const answer = await request(left % 2 === 0 ? stack.api : other, talker);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    }),
  );
  // 404: another client has deleted the room meanwhile, or there was no message yet. 503: a busy machine has let a
  // request wait for a connection as long as it may. No deadlock of PostgreSQL was left to a client, which is 503 too.
  expect([...answers].filter(([answer]) => !/: (?:20[0124]|404|409|503)$/.test(answer))).toEqual([]);
  expect(log.lines.filter((line) => /40P01|deadlock/.test(JSON.stringify(line)))).toEqual([]);
  expect([...answers.keys()].filter((answer) => answer.endsWith(': 202')).sort()).toEqual([
    'edit: 202',
    'regenerate: 202',
    'send again: 202',
    'send: 202',
  ]);
  await until(
    'every reply is finished',
    async () => (await dataSource.query<object[]>(`SELECT 1 FROM messages WHERE status IN ('pending', 'streaming') LIMIT 1`)).length === 0,
    90_000,
  );
  expect(await findTreeFaults(dataSource)).toEqual([]);
  expect(
    await dataSource.query(
      `SELECT id, unfinished_replies, stored_bytes FROM users u
       WHERE unfinished_replies <> 0
         OR stored_bytes <> (SELECT coalesce(sum(octet_length(m.content) + m.detail_bytes), 0) FROM messages m WHERE m.user_id = u.id)`,
    ),
  ).toEqual([]);
});
