import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUser, createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { idsRise, readEvents, type ReceivedEvent, shapeOf, textOf, thoughtsOf, typesOf } from '../support/event-stream.js';
import { isFullSize } from '../support/full-size.js';
import { until } from '../support/until.js';

const STREAMS = isFullSize ? 1_000 : 100;
const THOUGHTFUL_STREAMS = isFullSize ? 500 : 40;
const AT_ONCE = 50;
const USERS = 10;
const CUTS = 5;
/** The length of an answer, in tokens of four UTF-16 units. */
const TOKENS = 3_000;

interface StoredReply {
  readonly status: string;
  readonly attempt: number;
  readonly content: string;
  readonly reasoning: string | null;
}

const BEGINNING = ['start', 'start-step', 'text-start', 'text-delta'];
const ENDING = ['text-delta', 'text-end', 'finish-step', 'finish', '[DONE]'];

describeOn('redis', 'the streams of two API processes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      apis: 2,
      workers: 2,
      settings: { REPLY_LEASE: '5s', SWEEP_INTERVAL: '500ms', REPLY_RETRY_DELAY: '100ms', REPLY_MAX_ATTEMPTS: '20', MAX_STREAMS: '1000' },
      gemini: { latencyMs: 50, chunkMs: 10, tokens: TOKENS },
    });
  });
  afterAll(() => cluster.close(), 60_000);

  const clients = () => cluster.apis.map(({ client }) => client);
  const anyClient = () => {
    const client = clients()[randomInt(cluster.apis.length)];
    if (!client) throw new Error('no API');
    return client;
  };
  const stored = async (replyId: string): Promise<StoredReply> => {
    const [row] = await cluster.postgres.query<StoredReply>(`SELECT status, attempt, content, reasoning FROM messages WHERE id = $1`, [
      replyId,
    ]);
    if (!row) throw new Error('no such reply');
    return row;
  };
  const send = ({ token }: ClusterUser, room: string, content: string) =>
    anyClient().open('POST', `/chatroom/${room}/message`, { token, body: { content }, headers: { accept: 'text/event-stream' } });
  const resume = ({ token }: ClusterUser, path: string, last: ReceivedEvent | undefined, client = anyClient()) =>
    client.open('GET', path, { token, headers: last ? { 'last-event-id': last.id } : {} });

  test(`${STREAMS} streams, each cut at ${CUTS} random points and resumed at any API: byte for byte what is stored`, async () => {
    const [client] = clients();
    if (!client) throw new Error('no API');
    const users = await createClusterUsers(client, cluster.postgres, USERS);
    let begun = 0;
    const readInPieces = async (user: ClusterUser) => {
      const room = await createRoom(client, user);
      // The first before any text, the others in it or, where a late worker says all at once, between the events of the
      // ending.
      const opening = randomInt(1, BEGINNING.length);
      const places = Array.from({ length: CUTS - 1 }, () => randomInt(TOKENS * 4)).sort((a, b) => a - b);
      let response = await send(user, room, 'Hello');
      const path = `${response.headers.get('location') ?? ''}/stream`;
      const all: ReceivedEvent[] = [];
      for (const place of [0, ...places, Infinity]) {
        expect(response.status).toBe(200);
        let length = textOf(all).length;
        const { events } = await readEvents(response, ({ data }, { length: count }) => {
          if (typeof data !== 'string' && data.type === 'text-delta') length += (data['delta'] as string).length;
          return place === 0 ? count === opening : length >= place;
        });
        all.push(...events);
        if (place === Infinity) break;
        // Some come again when there is more to catch up with, or when the reply has ended.
        if (randomInt(3) === 0) await sleep(randomInt(1_000));
        response = await resume(user, path, all.at(-1));
      }
      const { content, status } = await stored(path.split('/').at(-2) ?? '');
      expect(status).toBe('completed');
      expect(textOf(all)).toBe(content);
      expect(content.length).toBeGreaterThanOrEqual(TOKENS * 4 - 1);
      expect(idsRise(all)).toBe(true);
      expect(typesOf(all).filter((type) => ['start', 'finish', '[DONE]'].includes(type))).toEqual(['start', 'finish', '[DONE]']);
    };
    const lanes = await Promise.allSettled(
      Array.from({ length: AT_ONCE }, async (_, lane) => {
        const user = users[lane % USERS];
        if (!user) throw new Error('no user');
        while (begun < STREAMS) {
          begun += 1;
          await readInPieces(user);
        }
      }),
    );
    expect(lanes.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
  });

  test('a stop at one API ends the reply for readers at both', async () => {
    const [one, other] = clients();
    if (!one || !other) throw new Error('two APIs');
    const user = await createClusterUser(one, cluster.postgres);
    const room = await createRoom(one, user);
    const sent = await send(user, room, 'Hello [[slow 100ms]]');
    const location = sent.headers.get('location') ?? '';
    const readers = [one, other].map(async (client) => readEvents(await resume(user, `${location}/stream`, undefined, client)));
    await readEvents(sent, (_event, all) => textOf(all).length > 100);
    const stopped = await other.post<StoredReply>(`${location}/cancel`, { token: user.token });
    expect(stopped).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    for (const { events } of await Promise.all(readers)) {
      expect(textOf(events)).toBe(stopped.body.content);
      expect(shapeOf(events)).toEqual([...BEGINNING, 'text-end', 'message-metadata', 'abort', '[DONE]']);
    }
    await until('the model is not asked any more', async () => (await cluster.gemini.requests()).open === 0);
  });

  const killWorkers = async () => {
    await Promise.all(cluster.workers.map((worker) => worker.kill()));
    await Promise.all(cluster.workers.map((worker) => worker.start()));
  };
  const flushRedis = async () => {
    const connection = new Redis(cluster.redis.url, { lazyConnect: true });
    await connection.connect();
    await connection.flushall();
    connection.disconnect();
  };
  const restartRedis = async () => {
    await cluster.redis.kill();
    await cluster.redis.restart();
  };

  test(`${THOUGHTFUL_STREAMS} streams with thoughts, cut at random points while workers are killed: both kinds byte for byte`, async () => {
    const [client] = clients();
    if (!client) throw new Error('no API');
    const users = await createClusterUsers(client, cluster.postgres, USERS);
    /** The streams that are in mid-thought. */
    const thinking = new Set<string>();
    let [begun, ended, kills, restarted] = [0, 0, 0, 0];
    let isOver = false;
    const readInPieces = async (user: ClusterUser) => {
      const room = await createRoom(client, user);
      let response = await send(user, room, 'Why? [[thinking 1000]] [[thinking-between]] [[long 1000]]');
      const path = `${response.headers.get('location') ?? ''}/stream`;
      const all: ReceivedEvent[] = [];
      for (let cut = 0; typesOf(all).at(-1) !== '[DONE]'; cut += 1) {
        expect(response.status).toBe(200);
        const events = cut < CUTS ? randomInt(1, 60) : Infinity;
        const { events: read } = await readEvents(response, ({ data }, received) => {
          const type = typeof data === 'string' ? '' : data.type;
          if (type === 'reasoning-delta') thinking.add(path);
          else thinking.delete(path);
          return received.length >= events;
        });
        all.push(...read);
        if (typesOf(all).at(-1) === '[DONE]') break;
        response = await resume(user, path, all.at(-1));
        if (response.status === 204) break;
      }
      ended += 1;
      const { content, reasoning, status, attempt } = await stored(path.split('/').at(-2) ?? '');
      expect(status).toBe('completed');
      expect(textOf(all)).toBe(content);
      expect(thoughtsOf(all)).toBe(reasoning);
      expect(content.length).toBeGreaterThanOrEqual(3_999);
      expect(reasoning?.length).toBeGreaterThanOrEqual(2 * 3_999);
      expect(idsRise(all)).toBe(true);
      if (attempt > 1) restarted += 1;
    };
    const kill = async () => {
      for (;;) {
        await until('a stream is in mid-thought', () => thinking.size > 0 || isOver, 60_000, 5);
        if (isOver) return;
        await killWorkers();
        kills += 1;
        // The others go on until as many streams have come to their end.
        const next = ended + Math.min(AT_ONCE / 2, THOUGHTFUL_STREAMS / 4);
        await until('more streams have ended', () => ended >= next || isOver, 120_000);
      }
    };
    const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
      const user = users[lane % USERS];
      if (!user) throw new Error('no user');
      while (begun < THOUGHTFUL_STREAMS && !isOver) {
        begun += 1;
        await readInPieces(user).catch((error: unknown) => {
          isOver = true;
          throw error;
        });
        isOver ||= ended === THOUGHTFUL_STREAMS;
      }
    });
    const results = await Promise.allSettled([...lanes, kill()]);
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(restarted).toBeGreaterThan(0);
    console.info(`${ended} streams, ${kills} kills of both workers, ${restarted} replies begun anew`);
    expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
  }, 900_000);

  test.each([
    { blow: 'the workers are killed', strike: killWorkers, attempt: 2 },
    { blow: 'Redis is flushed', strike: flushRedis, attempt: 1 },
    { blow: 'Redis is killed and starts again, empty', strike: restartRedis, attempt: 1 },
  ])(
    '$blow in mid-stream: every reader gets reset-step, then the whole answer, once',
    async ({ strike, attempt }) => {
      const [client] = clients();
      if (!client) throw new Error('no API');
      const user = await createClusterUser(client, cluster.postgres);
      const room = await createRoom(client, user);
      const sent = await send(user, room, 'Hello [[slow 100ms]] [[long 400]]');
      const location = sent.headers.get('location') ?? '';
      const path = `${location}/stream`;
      const seen = new Map<string, ReceivedEvent[]>();
      const follow = async (name: string, response: Response) => {
        const { events } = await readEvents(response, (_event, all) => {
          seen.set(name, [...all]);
          return false;
        });
        return events;
      };
      const readers = [follow('of the send', sent)];
      for (const [i, api] of clients().entries()) readers.push(follow(`at API ${i}`, await resume(user, path, undefined, api)));
      await until('all have read of it', () => seen.size === 3 && [...seen.values()].every((events) => textOf(events).length > 200));
      const before = seen.get('of the send') ?? [];
      await strike();
      const [whole = [], ...others] = await Promise.all(readers);
      const reply = await stored(location.split('/').at(-1) ?? '');
      expect(reply).toMatchObject({ status: 'completed', attempt });
      for (const events of [whole, ...others]) {
        expect(shapeOf(events)).toEqual([...BEGINNING, 'reset-step', 'text-start', ...ENDING]);
        expect(textOf(events)).toBe(reply.content);
        expect(idsRise(events)).toBe(true);
      }
      // A reader that left before it and comes again gets the same text, told anew or gone on with.
      const { events: rest } = await readEvents(await resume(user, path, before.at(-1)));
      expect(textOf([...before, ...rest])).toBe(reply.content);
      expect(idsRise([...before, ...rest])).toBe(true);
      expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
    },
    60_000,
  );
});
