import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { until } from '../support/until.js';

const USERS = 10;
const ROOMS_EACH = 100;

describeOn('redis', 'one worker process', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      apis: 1,
      workers: 1,
      settings: { WORKER_CONCURRENCY: '1000' },
      // The model thinks for as long as it takes to send all the messages; no reply may be given up for that.
      gemini: { latencyMs: 25_000, chunkMs: 50, tokens: 20 },
    });
  }, 120_000);
  afterAll(() => cluster.close(), 60_000);

  test('holds 1,000 replies in flight, keeps their leases and finishes them', async () => {
    const [api] = cluster.apis;
    if (!api) throw new Error('no API');
    const users = await createClusterUsers(api.client, cluster.postgres, USERS);
    await Promise.all(
      users.map(async (user) => {
        for (let n = 0; n < ROOMS_EACH; n += 1) {
          const room = await createRoom(api.client, user);
          const sent = await api.client.post(`/chatroom/${room}/message`, { body: { content: 'Hello' }, token: user.token });
          expect(sent.status).toBe(202);
        }
      }),
    );
    const total = USERS * ROOMS_EACH;
    await until('all are in flight', async () => (await cluster.gemini.requests()).open === total, 25_000);
    await until(
      'all are finished',
      async () => (await cluster.postgres.query(`SELECT id FROM messages WHERE status IN ('pending', 'streaming')`)).length === 0,
      60_000,
      500,
    );
    expect(
      await cluster.postgres.query(`SELECT status, attempt, count(*)::integer AS n FROM messages WHERE role = 'model' GROUP BY 1, 2`),
    ).toEqual([{ status: 'completed', attempt: 1, n: total }]);
    expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
  }, 180_000);
});
