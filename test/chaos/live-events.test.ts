import { Redis } from 'ioredis';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { isFullSize } from '../support/full-size.js';
import { LiveConnection } from '../support/live-events.js';
import { until } from '../support/until.js';

const USERS = isFullSize ? 50 : 10;
const LISTENERS_EACH = isFullSize ? 20 : 10;
const CHANGES = isFullSize ? 10_000 : 1_000;
/** Changes that are under way at once. */
const AT_ONCE = 20;

interface Listening {
  readonly user: ClusterUser;
  readonly connection: LiveConnection;
}

describeOn('redis', `${USERS * LISTENERS_EACH} listeners on two API processes`, () => {
  let cluster: Cluster;
  let users: ClusterUser[];
  const listening: Listening[] = [];

  beforeAll(async () => {
    // The third one makes the changes, and has no listener.
    cluster = await startCluster({
      apis: 3,
      workers: 1,
      settings: { MAX_STREAMS: '100', THROTTLE_ENABLED: 'false' },
      gemini: { latencyMs: 0, chunkMs: 0, tokens: 5 },
    });
    users = await createClusterUsers(api(2), cluster.postgres, USERS);
  });
  afterAll(async () => {
    for (const { connection } of listening) connection.close();
    await cluster.close();
  });

  const api = (n: number) => {
    const found = cluster.apis[n]?.client;
    if (!found) throw new Error(`no API ${n}`);
    return found;
  };
  const versionOf = async ({ id }: ClusterUser): Promise<number> => {
    const rows = await cluster.postgres.query<{ version: string }>('SELECT list_version AS version FROM users WHERE id = $1', [id]);
    return Number(rows[0]?.version);
  };
  const memoryOf = async (n: number): Promise<number> => {
    const text = await (await fetch(`${cluster.apis[n]?.metricsOrigin ?? ''}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
  };

  test(`see each of ${CHANGES} changes of their user once and in order, or a reset, while Redis is flushed`, async () => {
    const before = await memoryOf(0);
    for (let n = 0; n < LISTENERS_EACH; n += 1) {
      await Promise.all(
        users.map(async (user, i) => listening.push({ user, connection: await LiveConnection.open(api((n + i) % 2), user.token) })),
      );
    }
    const each = Math.round(((await memoryOf(0)) - before) / (listening.length / 2) / 1024);
    console.info(`${each} KiB of memory for each listener`);

    const redis = new Redis(cluster.redis.url);
    const rooms = new Map<ClusterUser, string>();
    let made = 0;
    let isFlushed = false;
    const make = async (turn: number) => {
      while (made < CHANGES) {
        made += 1;
        const user = users[(made + turn) % users.length];
        if (!user) throw new Error('no user');
        const room = rooms.get(user);
        if (room === undefined) {
          const { body } = await api(2).post<{ id: string }>('/chatroom', { token: user.token, body: { name: 'Room' } });
          rooms.set(user, body.id);
        } else if (made % 10 === 0) {
          await api(2).post(`/chatroom/${room}/message`, { token: user.token, body: { content: 'Hello' } });
        } else await api(2).patch(`/chatroom/${room}`, { token: user.token, body: { name: `Name ${made}` } });
        if (made > CHANGES / 2 && !isFlushed) {
          isFlushed = true;
          await redis.flushall();
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, turn) => make(turn)));
    redis.disconnect();
    await until(
      'every reply is finished',
      async () => (await cluster.postgres.query(`SELECT FROM messages WHERE status IN ('pending', 'streaming') LIMIT 1`)).length === 0,
      60_000,
    );
    const versions = new Map<string, number>();
    for (const user of users) versions.set(user.id, await versionOf(user));

    // An id is `<place in the log>.<version>.<digest of the plan>`.
    const versionsOf = ({ connection }: Listening) =>
      connection.events.filter(({ id }) => id !== '').map(({ id, type }) => ({ type, version: Number(id.split('.')[1]) }));
    await until(
      'every listener is told of the last change',
      () => listening.every((one) => versionsOf(one).at(-1)?.version === versions.get(one.user.id)),
      60_000,
    );
    let resets = 0;
    for (const one of listening) {
      const told = versionsOf(one);
      expect(one.connection.isEnded).toBe(false);
      for (const [i, { type, version }] of told.entries()) {
        const last = told[i - 1]?.version ?? version - 1;
        if (type === 'reset') resets += 1;
        else if (type === 'reply.started' || type === 'subscription.updated') expect(version).toBe(told[i - 1]?.version);
        else expect({ type, version }).toEqual({ type, version: last + 1 });
      }
    }
    // Redis was flushed once: nobody has a reason to be told twice to read the list anew.
    expect(resets).toBeLessThanOrEqual(listening.length);
    console.info(
      `${listening.length} listeners, ${[...versions.values()].reduce((sum, version) => sum + version, 0)} changes, ${resets} resets`,
    );
  }, 900_000);

  test('an ended session closes its connections within a second, and no others', async () => {
    const [user, other] = users;
    if (!user || !other) throw new Error('two users');
    const began = performance.now();
    const { status } = await api(2).post('/auth/logout', { token: user.token });
    expect(status).toBe(204);
    const mine = listening.filter((one) => one.user === user);
    await until('its connections are closed', () => mine.every(({ connection }) => connection.isEnded), 30_000, 5);
    console.info(`closed ${Math.round(performance.now() - began)} ms after the logout`);
    for (const { connection } of mine) expect(connection.types.at(-1)).toBe('session.ended');
    expect(listening.filter((one) => one.user !== user).every(({ connection }) => !connection.isEnded)).toBe(true);
  });
});
