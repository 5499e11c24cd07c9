import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { isFullSize } from '../support/full-size.js';
import { until } from '../support/until.js';

const USERS = 10;
const ROOMS_EACH = isFullSize ? 100 : 40;
const REPLIES = USERS * ROOMS_EACH;

describeOn('redis', 'one worker process', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      apis: 1,
      workers: 1,
      // No reply may be given up because the worker is slow to begin with all.
      settings: { WORKER_CONCURRENCY: '1000', GEMINI_FIRST_TOKEN_TIMEOUT: '2m', GEMINI_IDLE_TIMEOUT: '2m' },
      gemini: { latencyMs: 0, chunkMs: 50, tokens: 20 },
    });
  });
  afterAll(() => cluster.close(), 60_000);

  test(`holds ${REPLIES} replies in flight, keeps their leases and finishes them`, async () => {
    const [api] = cluster.apis;
    const [worker] = cluster.workers;
    if (!api || !worker) throw new Error('no API or no worker');
    await worker.terminate();
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
    await cluster.gemini.hold();
    await worker.start();
    await until('all are in flight', async () => (await cluster.gemini.requests()).open === REPLIES, 60_000);
    const leases = async (which: 'min' | 'max') =>
      (
        await cluster.postgres.query<{ until: Date }>(`SELECT ${which}(lease_until) AS until FROM messages WHERE status = 'streaming'`)
      )[0]?.until.getTime() ?? 0;
    const newest = await leases('max');
    await until('every lease would have run out', () => Date.now() > newest, 60_000, 500);
    expect(await leases('min')).toBeGreaterThan(Date.now());
    await cluster.gemini.release();
    await until(
      'all are finished',
      async () => (await cluster.postgres.query(`SELECT id FROM messages WHERE status IN ('pending', 'streaming')`)).length === 0,
      60_000,
      500,
    );
    expect(
      await cluster.postgres.query(`SELECT status, attempt, count(*)::integer AS n FROM messages WHERE role = 'model' GROUP BY 1, 2`),
    ).toEqual([{ status: 'completed', attempt: 1, n: REPLIES }]);
    expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
  });
});
