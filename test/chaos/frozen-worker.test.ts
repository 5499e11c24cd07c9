import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUser, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { until } from '../support/until.js';

interface Row {
  readonly status: string;
  readonly attempt: number;
  readonly content: string;
  readonly completed_at: Date | null;
}

describeOn('redis', 'a worker that is frozen past its lease', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({
      apis: 1,
      workers: 2,
      settings: { REPLY_LEASE: '2s', SWEEP_INTERVAL: '500ms' },
      gemini: { latencyMs: 0, chunkMs: 20, tokens: 20 },
    });
  });
  afterAll(() => cluster.close(), 60_000);

  test('is overtaken, and what it writes when it wakes up is refused', async () => {
    const { postgres, workers, apis } = cluster;
    const [api] = apis;
    const [frozen, other] = workers;
    if (!api || !frozen || !other) throw new Error('a process is missing');
    await other.terminate();
    const user = await createClusterUser(api.client, postgres);
    const rooms = await Promise.all(Array.from({ length: 10 }, () => createRoom(api.client, user)));
    await cluster.gemini.hold();
    await Promise.all(rooms.map((room) => api.client.post(`/chatroom/${room}/message`, { body: { content: 'Hello' }, token: user.token })));
    const replies = () =>
      postgres.query<Row>(`SELECT status, attempt, content, completed_at FROM messages WHERE role = 'model' ORDER BY id`);
    const all = async (condition: (row: Row) => boolean) => {
      const rows = await replies();
      return rows.length === rooms.length && rows.every(condition);
    };
    await until('the worker has asked for all', async () => (await cluster.gemini.requests()).open === rooms.length);
    expect(await all(({ status, attempt }) => status === 'streaming' && attempt === 1)).toBe(true);

    frozen.freeze();
    await cluster.gemini.release();
    await other.start();
    await until('the other worker has answered all', () => all(({ status, attempt }) => status === 'completed' && attempt === 2));
    const before = await replies();
    const answeredBefore = (await cluster.gemini.requests()).answered;

    frozen.thaw();
    // Its ten calls were answered meanwhile; what it does next is to renew its leases, and to write. It alone is left
    // to answer another message.
    await other.terminate();
    const sent = await api.client.post(`/chatroom/${rooms[0] ?? ''}/message`, { body: { content: 'Again' }, token: user.token });
    const again = await api.client.get<{ status: string }>(`${sent.headers.get('location') ?? ''}?wait=25`, { token: user.token });
    expect(again.body.status).toBe('completed');
    expect((await cluster.gemini.requests()).answered).toBeGreaterThan(answeredBefore);
    expect((await replies()).slice(0, rooms.length)).toEqual(before);
    expect(await findBrokenInvariants(postgres)).toEqual([]);
  });
});
