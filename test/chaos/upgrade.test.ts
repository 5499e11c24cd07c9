import { migrate } from '../../src/database/migrate.js';
import { newMobileNumber, newUsername, type ApiClient } from '../support/api.js';
import { type ApiProcess, type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { buildPreviousRelease, whyNoPreviousRelease } from '../support/previous-release.js';
import { whyNoRedis } from '../support/redis-server.js';
import { until } from '../support/until.js';

const reason = whyNoPreviousRelease() ?? whyNoRedis();
const USERS = 4;

(reason === null ? describe : describe.skip)(
  `an upgrade from the previous release${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let cluster: Cluster;
    let release: ReturnType<typeof buildPreviousRelease>;
    beforeAll(async () => {
      release = buildPreviousRelease();
      cluster = await startCluster({
        apis: 1,
        workers: 1,
        release: release.folder,
        settings: { DRAIN_SECONDS: '10', DRAIN_DELAY_SECONDS: '0', MAX_PENDING_REPLIES: '1000' },
        gemini: { latencyMs: 100, chunkMs: 5, tokens: 20 },
      });
    }, 480_000);
    afterAll(async () => {
      await cluster.close();
      release.remove();
    }, 60_000);

    test('migrates under load, with the processes of both releases side by side: no request fails, no reply is lost', async () => {
      const [before] = cluster.apis;
      const [workerBefore] = cluster.workers;
      if (!before || !workerBefore) throw new Error('the previous release does not run');
      const users = await createClusterUsers(before.client, cluster.postgres, USERS);
      const rooms = await Promise.all(users.map((user) => createRoom(before.client, user)));
      const load = startLoad(users, rooms);
      load.addApi(before);
      await load.completeRounds(2);

      await migrate(cluster.postgres.url);
      await load.completeRounds(2);

      const after = await cluster.startApi();
      const workerAfter = await cluster.startWorker();
      load.addApi(after);
      await load.completeRounds(4);

      load.removeApi(before);
      await load.completeRounds(1);
      expect(await before.process.terminate()).toBe(0);
      expect(await workerBefore.terminate()).toBe(0);
      await load.completeRounds(2);
      const { failures, replies } = await load.stop();

      expect(failures).toEqual([]);
      expect(workerAfter.isRunning).toBe(true);
      await until(
        'every reply is finished',
        async () => (await cluster.postgres.query(`SELECT 1 FROM messages WHERE status IN ('pending', 'streaming')`)).length === 0,
        60_000,
      );
      expect(await cluster.postgres.query(`SELECT DISTINCT status FROM messages WHERE role = 'model'`)).toEqual([{ status: 'completed' }]);
      expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
      // What was said before the upgrade is read, and found, after it.
      const { user, room, content, reply } = replies[0] ?? {};
      const read = await after.client.get<{ status: string }>(`/chatroom/${room ?? ''}/message/${reply ?? ''}`, {
        token: user?.token ?? '',
      });
      expect(read).toMatchObject({ status: 200, body: { status: 'completed' } });
      const found = await after.client.get<{ data: unknown[] }>(`/search?q=${content ?? ''}`, { token: user?.token ?? '' });
      expect(found.body.data.length).toBeGreaterThan(0);
    }, 300_000);
  },
);

interface SentMessage {
  readonly user: ClusterUser;
  readonly room: string;
  readonly content: string;
  readonly reply: string;
}

interface Load {
  addApi(api: ApiProcess): void;
  /** Requests that are under way still go there. */
  removeApi(api: ApiProcess): void;
  /** Resolves when each user has completed so many more rounds. */
  completeRounds(count: number): Promise<void>;
  stop(): Promise<{ readonly failures: readonly string[]; readonly replies: readonly SentMessage[] }>;
}

/**
 * Each user goes through a round of requests again and again, each request at the next process. No request is sent
 * twice.
 */
function startLoad(users: readonly ClusterUser[], rooms: readonly string[]): Load {
  const apis: ApiProcess[] = [];
  const failures: string[] = [];
  const replies: SentMessage[] = [];
  const rounds = users.map(() => 0);
  let turn = 0;
  let isStopped = false;
  const client = (): ApiClient => {
    const api = apis[(turn += 1) % apis.length];
    if (!api) throw new Error('no API takes requests');
    return api.client;
  };
  const ask = async <Body>(
    what: string,
    expected: number,
    request: () => Promise<{ status: number; body: Body }>,
  ): Promise<Body | null> => {
    const answer = await request().catch((error: unknown) => String((error as Error).cause ?? error));
    if (typeof answer !== 'string' && answer.status === expected) return answer.body;
    failures.push(`${what}: ${typeof answer === 'string' ? answer : `${answer.status} ${JSON.stringify(answer.body)}`}`);
    return null;
  };
  const round = async (user: ClusterUser, room: string, content: string): Promise<void> => {
    const { token } = user;
    await ask('list', 200, () => client().get('/chatroom', { token }));
    const sent = await ask('send', 202, () =>
      client().post<{ message: { id: string }; reply: { id: string } }>(`/chatroom/${room}/message`, { body: { content }, token }),
    );
    if (sent) {
      const reply = sent.reply.id;
      replies.push({ user, room, content, reply });
      await ask('wait', 200, () => client().get(`/chatroom/${room}/message/${reply}?wait=20`, { token }));
      await ask('edit', 202, () =>
        client().patch(`/chatroom/${room}/message/${sent.message.id}`, { body: { content: 'Said in other words' }, token }),
      );
      await ask('activate', 200, () => client().post(`/chatroom/${room}/message/${reply}/activate`, { token }));
    }
    await ask('read', 200, () => client().get(`/chatroom/${room}`, { token }));
    const copied = await ask('copy', 201, () =>
      client().post<{ id: string }>(`/chatroom/${room}/copy`, { body: { message_id: sent?.reply.id }, token }),
    );
    if (copied) await ask('delete', 204, () => client().delete(`/chatroom/${copied.id}`, { token }));
    const [username, password] = [newUsername(), 'correct horse battery'];
    const account = { username, password, mobile_number: newMobileNumber() };
    await ask('sign up', 201, () => client().post('/auth/signup', { body: account }));
    const tokens = await ask('sign in', 200, () =>
      client().post<{ access_token: string; refresh_token: string }>('/auth/login', { body: { identifier: username, password } }),
    );
    if (!tokens) return;
    await ask('refresh', 200, () => client().post('/auth/refresh', { body: { refresh_token: tokens.refresh_token } }));
    await ask('erase', 204, () => client().send('DELETE', '/user/me', { body: { password }, token: tokens.access_token }));
  };
  const running = Promise.all(
    users.map(async (user, i) => {
      while (!isStopped) {
        if (apis.length > 0) await round(user, rooms[i] ?? '', `word${i}x${rounds[i] ?? 0}`);
        else await new Promise(setImmediate);
        if (apis.length > 0) rounds[i] = (rounds[i] ?? 0) + 1;
      }
    }),
  );
  return {
    addApi: (api) => apis.push(api),
    removeApi: (api) => {
      apis.splice(apis.indexOf(api), 1);
    },
    completeRounds: async (count) => {
      const goals = rounds.map((n) => n + count);
      await until(`${count} rounds`, () => rounds.every((n, i) => n >= (goals[i] ?? 0)), 120_000);
    },
    stop: async () => {
      isStopped = true;
      await running;
      return { failures, replies };
    },
  };
}
