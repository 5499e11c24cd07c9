import { balance, type BalancedRequest } from '../support/balancer.js';
import { type Cluster, startCluster, untilReady } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { until } from '../support/until.js';

const ROUNDS = 3;

describeOn('redis', 'a rolling restart', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      apis: 2,
      workers: 2,
      settings: { DRAIN_SECONDS: '10', DRAIN_DELAY_SECONDS: '1' },
      // Most of the time a request waits for a reply: every restart falls on some, and the machine is left to start
      // processes.
      gemini: { latencyMs: 300, chunkMs: 10, tokens: 30 },
    });
  });
  afterAll(() => cluster.close(), 60_000);

  test(`of every process under load, ${ROUNDS} times: no request fails, no reply is lost`, async () => {
    const balancer = balance(cluster.apis);
    const [first] = cluster.apis;
    if (!first) throw new Error('no API');
    const users = await createClusterUsers(first.client, cluster.postgres, 4);
    const rooms = await Promise.all(users.map((user) => createRoom(first.client, user)));
    let stopped = false;
    let requests = 0;
    const failures: string[] = [];
    const load = Promise.all(
      users.map(async (user, i) => {
        for (let n = 0; !stopped; n += 1) {
          for (const [what, expected, request] of requestsOf(user, rooms[i] ?? '', n)) {
            requests += 1;
            const answer = await balancer.send(request).catch((error: unknown) => String((error as Error).cause ?? error));
            if (typeof answer === 'string') failures.push(`${what}: ${answer}`);
            else if (answer.status !== expected) failures.push(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
          }
        }
      }),
    );
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        // Two deployments, each restarted one process after the other.
        const apis = async () => {
          for (const api of cluster.apis) {
            expect(await api.process.terminate()).toBe(0);
            await api.process.start();
            await untilReady(api);
          }
        };
        const workers = async () => {
          for (const [i, worker] of cluster.workers.entries()) {
            expect(await worker.terminate()).toBe(0);
            await worker.start();
            await until(
              `${worker.name} is ready`,
              async () => (await fetch(`${cluster.workerMetricsOrigins[i] ?? ''}/health/ready`).catch(() => null))?.status === 200,
              60_000,
            );
          }
        };
        await Promise.all([apis(), workers()]);
      }
    } finally {
      stopped = true;
      await load;
      balancer.close();
    }
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    const unfinished = `SELECT id FROM messages WHERE status IN ('pending', 'streaming')`;
    await until('every reply is finished', async () => (await cluster.postgres.query(unfinished)).length === 0, 60_000);
    expect(await cluster.postgres.query(`SELECT DISTINCT status FROM messages WHERE role = 'model'`)).toEqual([{ status: 'completed' }]);
    expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
  });
});

function* requestsOf(user: ClusterUser, room: string, n: number): Generator<[string, number, BalancedRequest]> {
  const { token } = user;
  yield ['list', 200, ({ client }) => client.get('/chatroom', { token })];
  yield ['read', 200, ({ client }) => client.get(`/chatroom/${room}`, { token })];
  let reply = '';
  yield [
    'send',
    202,
    async ({ client }) => {
      const answer = await client.post<{ reply?: { id: string } }>(`/chatroom/${room}/message`, {
        body: { content: `Message ${n}` },
        token,
      });
      reply = answer.body.reply?.id ?? '';
      return answer;
    },
  ];
  yield ['wait', 200, ({ client }) => client.get(`/chatroom/${room}/message/${reply}?wait=5`, { token })];
}
