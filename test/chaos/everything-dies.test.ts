import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { isFullSize } from '../support/full-size.js';
import { describeOn } from '../support/engines.js';
import { until } from '../support/until.js';

const MESSAGES = isFullSize ? 2_000 : 800;
const USERS = 20;
const ROOMS_EACH = 10;
const KILLS = isFullSize ? 20 : 8;
/** After which kills something else is struck too. */
const BLOWS = { flush: [2, KILLS - 2], killRedis: Math.floor(KILLS / 2), restartPostgres: Math.floor(KILLS / 2) + 1 };

describeOn('redis', 'while everything dies', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      apis: 2,
      workers: 3,
      settings: {
        WORKER_CONCURRENCY: '50',
        REPLY_LEASE: '3s',
        SWEEP_INTERVAL: '1s',
        REPLY_RETRY_DELAY: '200ms',
        REPLY_MAX_ATTEMPTS: '100',
      },
      gemini: { latencyMs: 200, chunkMs: 20, tokens: 20 },
    });
  });
  afterAll(() => cluster.close(), 60_000);

  test(`${MESSAGES} messages, ${KILLS} workers killed, Redis flushed twice and killed once, PostgreSQL restarted once: each answered exactly once`, async () => {
    const { postgres, redis, workers } = cluster;
    const clients = cluster.apis.map(({ client }) => client);
    const [client] = clients;
    if (!client) throw new Error('no API');
    const users = await createClusterUsers(client, postgres, USERS);
    const rooms = await Promise.all(
      users.flatMap((user) => Array.from({ length: ROOMS_EACH }, async () => ({ user, room: await createRoom(client, user) }))),
    );

    let sent = 0;
    const accepted = new Set<string>();
    const send = async (n: number) => {
      const { user, room } = rooms[n % rooms.length] ?? { user: null, room: '' };
      if (!user) throw new Error('no room');
      // A client that was not answered sends the message again, with the same key.
      for (let tries = 0; ; tries += 1) {
        const answer = await clients[(n + tries) % clients.length]
          ?.post<{ reply: { id: string } }>(`/chatroom/${room}/message`, {
            body: { content: `Message ${n}` },
            token: user.token,
            headers: { 'idempotency-key': `message-${n}` },
            signal: AbortSignal.timeout(20_000),
          })
          .catch(() => null);
        if (answer?.status === 202) {
          accepted.add(answer.body.reply.id);
          return;
        }
        if (answer && answer.status !== 503) throw new Error(`a send answered ${answer.status}: ${JSON.stringify(answer.body)}`);
        if (tries > 200) throw new Error('a send was never accepted');
        await sleep(100);
      }
    };
    const senders = Array.from({ length: 16 }, async () => {
      while (sent < MESSAGES) await send(sent++);
    });
    const sending = Promise.all(senders);

    const finished = async () =>
      Number(
        (await postgres.query<{ n: string }>(`SELECT count(*) AS n FROM messages WHERE completed_at IS NOT NULL AND role = 'model'`))[0]
          ?.n ?? 0,
      );
    const flush = async () => {
      const connection = new Redis(redis.url, { lazyConnect: true });
      await connection.connect();
      await connection.flushall();
      connection.disconnect();
    };
    for (let kill = 0; kill < KILLS; kill += 1) {
      const worker = workers[kill % workers.length];
      if (!worker) throw new Error('no worker');
      // Each blow falls while there is work: never before some of the replies are finished, nor after all are.
      await until('there is progress', async () => (await finished()) >= (MESSAGES * kill) / (KILLS * 1.5), 120_000);
      await worker.kill();
      await worker.start();
      if (BLOWS.flush.includes(kill)) await flush();
      if (kill === BLOWS.killRedis) {
        await redis.kill();
        await sleep(1_500);
        await redis.restart();
      }
      if (kill === BLOWS.restartPostgres) {
        await postgres.stop();
        await sleep(500);
        await postgres.start();
      }
    }
    await sending;
    await until('every reply is terminal', async () => (await finished()) >= MESSAGES, 180_000, 500);

    expect(accepted.size).toBe(MESSAGES);
    const replies = await postgres.query<{ status: string; n: string }>(
      `SELECT status, count(*) AS n FROM messages WHERE role = 'model' GROUP BY status`,
    );
    expect(replies).toEqual([{ status: 'completed', n: String(MESSAGES) }]);
    expect(await postgres.query(`SELECT count(*)::integer AS n FROM messages WHERE role = 'user'`)).toEqual([{ n: MESSAGES }]);
    expect(await findBrokenInvariants(postgres)).toEqual([]);
  });
});
