import { DataSource } from 'typeorm';
import { Database } from '../../src/database/database.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { describeOn, ENGINES, settingsOf, startEngine } from '../support/engines.js';
import type { TestRedis } from '../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface Room {
  readonly id: string;
  readonly name: string | null;
}
interface RoomPage {
  readonly data: Room[];
  readonly next_cursor: string | null;
}

for (const engine of ENGINES) {
  describeOn(engine, `GET /chatroom with its cache in ${engine}`, () => {
    let redis: TestRedis | null;
    let database: TestDatabase;
    let [api, other]: TestApi[] = [];
    let user: TestUser;

    beforeAll(async () => {
      redis = await startEngine(engine);
      database = await createTestDatabase();
      const settings = { DATABASE_URL: database.url, ...settingsOf(redis) };
      [api, other] = [await startTestApi(settings), await startTestApi(settings)];
    });
    afterAll(async () => {
      await api?.close();
      await other?.close();
      await database.drop();
      await redis?.stop();
    });
    beforeEach(async () => {
      user = await first().signUp();
    });

    const first = () => required(api);
    const second = () => required(other);
    const list = (path = '', headers = {}, from = first()) => from.get<RoomPage>(`/chatroom${path}`, { token: user.accessToken, headers });
    const create = (name: string, from = first()) => from.post<Room>('/chatroom', { body: { name }, token: user.accessToken });
    const statusOf = async (...args: Parameters<typeof list>) => (await list(...args)).headers.get('cache-status');

    test('is made once, then served as it was', async () => {
      await create('One');
      const miss = await list();
      const hit = await list();
      expect(miss.headers.get('cache-status')).toBe('chatrooms; fwd=miss; stored');
      expect(hit.headers.get('cache-status')).toBe('chatrooms; hit');
      expect(hit.body).toEqual(miss.body);
      expect(hit.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(hit.headers.get('cache-control')).toBe('private, no-cache');
      expect(hit.headers.get('etag')).toBe(miss.headers.get('etag'));
    });

    test('the same page asked for in another way is the same entry', async () => {
      await list();
      expect(await statusOf('?limit=20')).toBe('chatrooms; hit');
      expect(await statusOf('?limit=020&archived=false')).toBe('chatrooms; hit');
      expect(await statusOf('?limit=21')).toBe('chatrooms; fwd=miss; stored');
      expect(await statusOf('?archived=true')).toBe('chatrooms; fwd=miss; stored');
    });

    test('a client that has the list gets 304 and no body', async () => {
      const etag = (await list()).headers.get('etag') ?? '';
      for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await list('', { 'if-none-match': given });
        expect([answer.status, answer.body, answer.headers.get('etag')]).toEqual([304, undefined, etag]);
      }
      await create('New');
      expect((await list('', { 'if-none-match': etag })).status).toBe(200);
    });

    test('every change is in the next list, at every process', async () => {
      const names = async (query = '') => (await list(query, {}, second())).body.data.map(({ name }) => name);
      const token = user.accessToken;
      expect(await names()).toEqual([]);
      const { id } = (await create('A')).body;
      expect(await names()).toEqual(['A']);
      await first().patch(`/chatroom/${id}`, { body: { name: 'B' }, token });
      expect(await names()).toEqual(['B']);
      const sent = await first().post<{ reply: { id: string } }>(`/chatroom/${id}/message`, { body: { content: 'Hello' }, token });
      expect((await list('', {}, second())).body.data).toMatchObject([{ message_count: 2, active_reply_id: sent.body.reply.id }]);
      await first().patch(`/chatroom/${id}`, { body: { archived: true }, token });
      expect([await names(), await names('?archived=true')]).toEqual([[], ['B']]);
      await first().delete(`/chatroom/${id}`, { token });
      expect([await names(), await names('?archived=true')]).toEqual([[], []]);
    });

    test("another user's list is another list", async () => {
      await create('Mine');
      await list();
      const stranger = await first().signUp();
      const theirs = await first().get<RoomPage>('/chatroom', { token: stranger.accessToken });
      expect(theirs.body.data).toEqual([]);
    });

    test('a plan that ends shows the models of the other plan at once', async () => {
      const room = { body: { model: 'gemini-3.8-flash' }, token: user.accessToken };
      const database = first().app.get(DataSource);
      const grant = (until: string) =>
        database.query(
          `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + $2::interval, 'test')`,
          [user.id, until],
        );
      await grant('1 day');
      expect((await first().post('/chatroom', room)).status).toBe(201);
      expect((await list()).body.data).toMatchObject([{ model: 'gemini-3.8-flash' }]);
      await database.query('UPDATE grants SET entitled_until = now() WHERE user_id = $1', [user.id]);
      expect((await list()).body.data).toMatchObject([{ model: 'gemini-3.5-flash-lite' }]);
    });

    test('a search goes past the cache', async () => {
      await create('Kyoto');
      const answer = await list('?q=kyo');
      expect([answer.body.data.map(({ name }) => name), answer.headers.get('cache-status')]).toEqual([['Kyoto'], 'chatrooms; fwd=bypass']);
      expect(await statusOf('?q=kyo')).toBe('chatrooms; fwd=bypass');
    });

    test('pages follow each other through the cache', async () => {
      for (const name of ['1', '2', '3']) await create(name);
      const read = async () => {
        const names: (string | null)[] = [];
        for (let cursor: string | null = ''; cursor !== null;) {
          const { body }: { body: RoomPage } = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
          names.push(...body.data.map(({ name }) => name));
          cursor = body.next_cursor;
        }
        return names;
      };
      expect([await read(), await read()]).toEqual([
        ['3', '2', '1'],
        ['3', '2', '1'],
      ]);
    });

    test('500 requests that miss at the same time make one query', async () => {
      await create('One');
      const run = jest.spyOn(first().app.get(Database), 'run');
      try {
        const answers = await Promise.all(Array.from({ length: 500 }, () => list()));
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
        expect(run.mock.calls.filter(([{ name }]) => name === 'chatrooms_list')).toHaveLength(1);
      } finally {
        run.mockRestore();
      }
    });
  });
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not started');
  return value;
}
