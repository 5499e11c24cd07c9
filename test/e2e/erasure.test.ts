import { Redis } from 'ioredis';
import { Client } from 'pg';
import { StreamStore } from '../../src/streams/stream-store.js';
import { Conversation } from '../support/conversation.js';
import { describeOn, ENGINES, settingsOf, startEngine } from '../support/engines.js';
import { readEvents } from '../support/event-stream.js';
import { INVALID_CREDENTIALS, SESSION_ENDED } from '../support/problem.js';
import type { TestRedis } from '../support/redis-server.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

for (const engine of ENGINES) {
  describeOn(engine, `the erasure of an account with cache and streams in ${engine}`, () => {
    let redis: TestRedis | null;
    let stack: Stack;
    beforeAll(async () => {
      redis = await startEngine(engine);
      stack = await startStack(settingsOf(redis));
    });
    afterAll(async () => {
      await stack.close();
      await redis?.stop();
    });

    const findAll = async (needles: readonly string[]) => [
      ...(await findInDatabase(stack.databaseUrl, needles)),
      ...(redis ? await findInRedis(redis.url, needles) : []),
    ];
    const openRequests = async () => ((await (await fetch(`${stack.gemini.url}/_simulator/requests`)).json()) as { open: number }).open;

    it('leaves nothing of the user in any table or key, ours or the queue’s, now or later', async () => {
      const { api } = stack;
      const user = await api.signUp({ username: 'planted.needle', email: 'planted-needle@example.com' });
      const token = user.accessToken;
      const room = { name: 'room planted-needle', system_instruction: 'be planted-needle' };
      const talk = await Conversation.start(api, token, room);
      await api.post(talk.path, {
        token,
        body: { content: 'what is planted-needle?' },
        headers: { 'idempotency-key': 'key planted-needle' },
      });
      const other = await Conversation.start(api, token, room);
      const finished = await other.ask('again planted-needle');
      await api.post('/auth/send-otp', { body: { mobile_number: user.mobileNumber } });
      await api.post('/auth/forgot-password', { body: { mobile_number: user.mobileNumber } });
      await api.post('/auth/login', { body: { identifier: user.username, password: 'a wrong password' } });
      await api.post('/auth/login', {
        body: { identifier: user.username, password: user.password },
        headers: { 'user-agent': 'planted-needle browser' },
      });
      // A reply is being written and read while the account goes, and another message waits for it.
      const { reply } = await other.send('[[slow 50ms]] [[long 5000]] more of planted-needle');
      await other.send('the last of planted-needle');
      const reading = await api.open('GET', `${other.path}/${reply.id}/stream`, { token });
      const isRead = jest.fn();
      const read = readEvents(reading, ({ data }) => {
        if (JSON.stringify(data).includes('planted-needle')) isRead();
        return false;
      });
      await until('the stream says it', () => isRead.mock.calls.length > 0);
      for (const query of ['', '?limit=1', '?archived=true']) await api.get(`/chatroom${query}`, { token });
      const needles = ['planted-needle', 'planted.needle', user.mobileNumber, user.id, talk.chatroomId];
      const before = await findAll(needles);
      expect(before.filter((place) => place.includes('planted-needle')).length).toBeGreaterThan(3);
      if (redis)
        expect(before).toEqual(expect.arrayContaining([expect.stringContaining(`stream:${reply.id}`), expect.stringContaining('cache:')]));

      expect((await api.delete('/user/me', { token, body: { password: user.password } })).status).toBe(204);
      expect(await findAll(needles)).toEqual([]);
      expect((await api.get('/user/me', { token })).body).toEqual(SESSION_ENDED);
      expect((await api.post('/auth/login', { body: { identifier: user.username, password: user.password } })).body).toEqual(
        INVALID_CREDENTIALS,
      );
      const again = await api.signUp({ username: 'planted.needle', mobileNumber: user.mobileNumber });
      expect(again.id).not.toBe(user.id);
      await api.delete('/user/me', { token: again.accessToken, body: { password: again.password } });

      // The worker was in the middle of it.
      await until('nobody asks the model any more', async () => (await openRequests()) === 0);
      await read;
      expect(await findAll(needles)).toEqual([]);
      for (const { id } of [reply, finished]) expect(await api.app.get(StreamStore).state(id)).toMatchObject({ n: 0, ended: true });
    });
  });
}

/** Every table of the database, our own and the queue's, with a text that holds one of the needles. */
async function findInDatabase(url: string, needles: readonly string[]): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      for (const needle of needles) {
        const { rows } = await client.query(`SELECT 1 FROM ${name} t WHERE strpos(lower(t::text), lower($1)) > 0 LIMIT 1`, [needle]);
        if (rows.length > 0) found.push(`${name}: ${needle}`);
      }
    }
    return found;
  } finally {
    await client.end();
  }
}

/** Every key of Redis whose name or value holds one of the needles. */
async function findInRedis(url: string, needles: readonly string[]): Promise<string[]> {
  const redis = new Redis(url);
  const readers: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, 0, -1),
    stream: (key) => redis.xrange(key, '-', '+'),
  };
  try {
    const found: string[] = [];
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key);
      if (type === 'none') continue;
      const value = JSON.stringify(await readers[type]?.(key));
      for (const needle of needles) if (`${key} ${value}`.toLowerCase().includes(needle)) found.push(`${key}: ${needle}`);
    }
    return found;
  } finally {
    redis.disconnect();
  }
}
