import { type ApiProcess, type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUser, createRoom } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { freePort } from '../support/free-port.js';
import { ManagedProcess } from '../support/managed-process.js';
import { until } from '../support/until.js';

interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly checks?: Record<string, string>;
}

describeOn('redis', 'while a part is away', () => {
  let cluster: Cluster;
  let api: ApiProcess;
  let user: ClusterUser;
  let room: string;
  beforeAll(async () => {
    cluster = await startCluster({ apis: 1, workers: 1, settings: { THROTTLE_ENABLED: 'true', SWEEP_INTERVAL: '1s' } });
    const [first] = cluster.apis;
    if (!first) throw new Error('no API');
    api = first;
    user = await createClusterUser(api.client, cluster.postgres);
    room = await createRoom(api.client, user);
  });
  afterAll(() => cluster.close(), 60_000);

  const me = () => api.client.get<ProblemBody>('/user/me', { token: user.token });
  const ready = () => api.client.get<ProblemBody>('/health/ready');
  const send = () => api.client.post<ProblemBody>(`/chatroom/${room}/message`, { body: { content: 'Hello' }, token: user.token });
  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const started = performance.now();
    return [await work(), performance.now() - started];
  };

  test('without PostgreSQL: 503 problem answers, not ready; 5 s after its return all is well, without a restart', async () => {
    const pids = [api.process.pid, ...cluster.workers.map(({ pid }) => pid)];
    await cluster.postgres.stop();
    for (const answer of [await me(), await send()]) {
      expect([answer.status, answer.body.code, answer.headers.get('content-type'), answer.headers.get('retry-after')]).toEqual([
        503,
        'service_unavailable',
        'application/problem+json',
        '2',
      ]);
    }
    expect((await ready()).body).toMatchObject({ status: 503, code: 'not_ready', checks: { postgresql: 'unavailable', redis: 'ok' } });
    expect((await api.client.get('/health/live')).status).toBe(200);
    await cluster.postgres.start();
    const [, recovery] = await timed(() =>
      until('requests are served', async () => (await me()).status === 200 && (await ready()).status === 200),
    );
    expect(recovery).toBeLessThan(15_000);
    const sent = await send();
    const reply = await api.client.get<{ status: string }>(`${sent.headers.get('location') ?? ''}?wait=20`, { token: user.token });
    expect(reply.body.status).toBe('completed');
    expect([api.process.pid, ...cluster.workers.map(({ pid }) => pid)]).toEqual(pids);
  });

  test('a PostgreSQL that has gone silent is noticed, and is used again at its return', async () => {
    cluster.postgres.proxy.freeze();
    const [answers, silence] = await timed(() => Promise.all([me(), me(), send()]));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(silence).toBeLessThan(15_000);
    const [notReady, wait] = await timed(ready);
    expect([notReady.status, notReady.body.checks]).toEqual([503, { postgresql: 'unavailable', redis: 'ok' }]);
    expect(wait).toBeLessThan(6_000);
    cluster.postgres.proxy.thaw();
    const [, recovery] = await timed(() => until('requests are served', async () => (await me()).status === 200));
    expect(recovery).toBeLessThan(15_000);
  });

  test('connections to a PostgreSQL whose host vanished are replaced', async () => {
    await Promise.all(Array.from({ length: 10 }, me));
    cluster.postgres.proxy.forget();
    const [, recovery] = await timed(() =>
      until('requests are served', async () => (await Promise.all([me(), me(), me()])).every(({ status }) => status === 200)),
    );
    expect(recovery).toBeLessThan(15_000);
  });

  test.each(['killed', 'frozen'] as const)(
    'Redis %s: accepting goes on, ready but degraded, and answers come when it is back',
    async (how) => {
      if (how === 'killed') await cluster.redis.kill();
      else cluster.redis.freeze();
      const [sent, acceptance] = await timed(send);
      expect(sent.status).toBe(202);
      expect(acceptance).toBeLessThan(6_000);
      const degraded = await ready();
      expect([degraded.status, degraded.body]).toEqual([200, { status: 'degraded', checks: { postgresql: 'ok', redis: 'unavailable' } }]);
      const listed = await api.client.get('/chatroom', { token: user.token });
      expect([listed.status, listed.headers.get('cache-status')]).toEqual([200, 'chatrooms; fwd=miss']);
      expect(listed.headers.get('ratelimit-policy')).toBe('"user";q=1000;w=10');
      if (how === 'killed') await cluster.redis.restart();
      else cluster.redis.thaw();
      const [reply, delay] = await timed(() =>
        api.client.get<{ status: string }>(`${sent.headers.get('location') ?? ''}?wait=30`, { token: user.token }),
      );
      expect(reply.body.status).toBe('completed');
      expect(delay).toBeLessThan(15_000);
      await until('ready again', async () => ((await ready()).body.status as unknown) === 'ok');
    },
    60_000,
  );

  test('metrics are at their own port and not at that of the API', async () => {
    const text = await (await fetch(`${api.metricsOrigin}/metrics`)).text();
    expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\/user\/me",status="200"\} \d+/);
    expect(text).toContain('database_connections{state="idle"}');
    const worker = await (await fetch(`${cluster.workerMetricsOrigins[0] ?? ''}/metrics`)).text();
    expect(worker).toMatch(/replies_total\{model="[^"]+",status="completed"\} \d+/);
    expect(worker).toMatch(/service_queue_jobs\{queue="replies",state="waiting"\} \d+/);
    expect((await api.client.get('/metrics')).status).toBe(404);
    expect((await fetch(`${api.metricsOrigin}/health/ready`)).status).toBe(200);
  });

  test('a start waits for what it needs, and gives up with a message', async () => {
    const start = async (name: string, settings: Record<string, string>) => {
      const process = new ManagedProcess({
        name,
        command: ['node', 'dist/src/main.js'],
        cwd: globalThis.process.cwd(),
        env: {
          PORT: String(await freePort()),
          HOST: '127.0.0.1',
          JWT_SECRET: 'only-for-tests-0123456789abcdef-only-for-tests',
          OTP_DELIVERY: 'log',
          START_TIMEOUT: '1s',
          DATABASE_URL: cluster.postgres.url,
          REDIS_URL: cluster.redis.url,
          ...settings,
        },
      });
      await process.start();
      return { code: await process.ended(), said: process.output.join('\n') };
    };
    const nowhere = `127.0.0.1:${await freePort()}`;
    await cluster.postgres.query('CREATE DATABASE empty');
    const empty = new URL(cluster.postgres.url);
    empty.pathname = '/empty';
    const [database, redis, unmigrated] = await Promise.all([
      start('no database', { DATABASE_URL: `postgres://${nowhere}/chat` }),
      start('no redis', { REDIS_URL: `redis://${nowhere}` }),
      start('no schema', { DATABASE_URL: empty.href }),
    ]);
    expect(database).toEqual({
      code: 1,
      said: expect.stringMatching(/PostgreSQL cannot be reached: .*ECONNREFUSED.*\. Check DATABASE_URL\./) as string,
    });
    expect(redis).toEqual({ code: 1, said: expect.stringMatching(/Redis cannot be reached: .*\. Check REDIS_URL\./) as string });
    expect(unmigrated).toEqual({
      code: 1,
      said: expect.stringContaining(
        'The database is not ready: its schema lacks the migration CreateUsers1795392000000. Run `npm run migrate`.',
      ) as string,
    });
  });
});
