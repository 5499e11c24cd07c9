import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUser, createClusterUsers, createRoom } from '../support/cluster-user.js';
import { isFullSize } from '../support/full-size.js';
import { describeOn } from '../support/engines.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

/** A third of them writes at one API, each followed by a read at the other and one at the first. */
const REQUESTS = isFullSize ? 10_000 : 3_000;
const USERS = 8;
/** As many as the simulator keeps requests. */
const SENDS = 100;
/** All of them on one page. */
const MAX_ROOMS = 40;

interface StoredMessage {
  readonly role: 'user' | 'model';
  readonly content: string;
  readonly status: string;
  readonly started_at: Date | null;
  readonly completed_at: Date;
}

interface GeminiRequestBody {
  readonly contents: { readonly role: string; readonly parts: { readonly text: string }[] }[];
}

interface ListedRoom {
  readonly id: string;
  readonly name: string | null;
  readonly message_count: number;
  readonly active_reply_id: string | null;
}

describeOn('redis', 'two API and two worker processes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ apis: 2, workers: 2 });
  });
  afterAll(() => cluster.close(), 60_000);

  const apis = () => {
    const [one, other] = cluster.apis;
    if (!one || !other) throw new Error('two APIs');
    return [one.client, other.client] as const;
  };

  test('a message accepted by one API is answered by a worker and read at the other', async () => {
    const [one, other] = apis();
    const user = await createClusterUser(one, cluster.postgres);
    const room = await createRoom(one, user);
    const sent = await one.post<{ reply: { id: string } }>(`/chatroom/${room}/message`, { body: { content: 'Hello' }, token: user.token });
    expect(sent.status).toBe(202);
    const read = await other.get<{ status: string; content: string }>(`${sent.headers.get('location') ?? ''}?wait=20`, {
      token: user.token,
    });
    expect(read.body).toMatchObject({ status: 'completed', content: expect.stringContaining('simulated') as string });
  });

  test('an administrator that was made on the command line signs in, and is not made twice', async () => {
    const [one] = apis();
    const create = (input: string, ...more: string[]) => {
      const args = ['dist/src/apps/cli/create-admin.js', '--username', 'Grace', '--mobile-number', '+14155550123', ...more];
      const running = run(process.execPath, args, { env: { ...process.env, DATABASE_URL: cluster.postgres.url } });
      running.child.stdin?.end(input);
      return running;
    };
    const usage =
      'Usage: npm run admin:create -- --username NAME --mobile-number +14155550123\n' +
      'The password is read from standard input; --generate-password creates one and prints it.\n';
    // Arguments are in the list of processes: a password there is refused.
    await expect(create('', '--password', 'the first compiler')).rejects.toMatchObject({ code: 1, stderr: usage });
    for (const nothing of ['', '\n', 'x'.repeat(5_000)]) {
      await expect(create(nothing)).rejects.toMatchObject({ code: 1, stderr: `There is no password on standard input.\n${usage}` });
    }
    await expect(create('short\n')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('password') as string });
    const created = await create('the first compiler\r\nand nothing of this');
    expect(created.stdout).toBe('grace (+14155550123) is an administrator.\n');
    const [{ id } = { id: '' }] = await cluster.postgres.query<{ id: string }>(`SELECT id FROM users WHERE username = 'grace'`);
    const event = { level: 'info', context: 'Security', event: 'administrator_created', user_id: id };
    expect(JSON.parse(created.stderr)).toMatchObject(event);
    const login = await one.post('/auth/login', { body: { identifier: 'grace', password: 'the first compiler' } });
    expect(login).toMatchObject({ status: 200, body: { user: { role: 'admin', is_verified: true } } });
    await expect(create('another compiler')).rejects.toMatchObject({ code: 1, stderr: 'Another account has this username.\n' });

    const { stdout } = await create('', '--username', 'Ada', '--mobile-number', '+14155550124', '--generate-password');
    const [, generated = ''] =
      /^ada \(\+14155550124\) is an administrator\.\nThe password, shown this once only: (\S{24})\n$/.exec(stdout) ?? [];
    expect(await one.post('/auth/login', { body: { identifier: 'ada', password: generated } })).toMatchObject({ status: 200 });
  });

  test(`${SENDS} messages sent at once into one room are answered one after the other, each with all before it`, async () => {
    const [one, other] = apis();
    const user = await createClusterUser(one, cluster.postgres);
    const room = await createRoom(one, user);
    const simulator = `${cluster.gemini.origin}/_simulator`;
    await fetch(`${simulator}/reset`, { method: 'POST' });
    await fetch(`${simulator}/settings`, { method: 'PATCH', body: JSON.stringify({ latencyMs: 0, chunkMs: 0 }) });
    const sent = await Promise.all(
      Array.from({ length: SENDS }, (_, i) =>
        (i % 2 === 0 ? one : other).post(`/chatroom/${room}/message`, { body: { content: `Message ${i} [[long 50]]` }, token: user.token }),
      ),
    );
    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 202));
    const path = () =>
      cluster.postgres.query<StoredMessage>(
        `SELECT role, content, status, started_at, completed_at FROM messages WHERE chatroom_id = $1 ORDER BY position`,
        [room],
      );
    await until('all are answered', async () => (await path()).every(({ status }) => status === 'completed'), 60_000, 500);
    const messages = await path();
    const replies = messages.filter(({ role }) => role === 'model');
    expect(new Set(replies.map(({ content }) => content)).size).toBe(SENDS);
    for (const [i, { started_at }] of replies.slice(1).entries())
      expect(started_at?.getTime()).toBeGreaterThanOrEqual(replies[i]?.completed_at.getTime() ?? Infinity);
    // What the model was given, by its own account.
    const { received, requests } = await cluster.gemini.requests();
    expect(received).toBe(SENDS);
    const given = requests.map(({ body }) =>
      (JSON.parse(body) as GeminiRequestBody).contents.map(({ role, parts }) => ({
        role,
        content: parts.map(({ text }) => text).join(''),
      })),
    );
    const conversation = messages.map(({ role, content }) => ({ role, content }));
    expect(given).toEqual(replies.map((_, i) => conversation.slice(0, 2 * i + 1)));
    await fetch(`${simulator}/reset`, { method: 'POST' });
  });

  test(`the list is never stale at the other: ${REQUESTS} interleaved writes and reads`, async () => {
    const [one, other] = apis();
    const statuses: Record<string, number> = {};
    const users = await createClusterUsers(one, cluster.postgres, USERS);
    await Promise.all(
      users.map(async (user) => {
        const { token } = user;
        const names = new Map<string, string>();
        for (let n = 0; n < REQUESTS / USERS / 3; n += 1) {
          const [writer, reader] = n % 2 === 0 ? [one, other] : [other, one];
          const oldest = [...names.keys()][0];
          let expectMessage: string | null = null;
          const name = `room ${n}`;
          if (oldest === undefined || n % 5 < 2) {
            const made = await writer.post<{ id: string }>('/chatroom', { body: { name }, token });
            expect(made.status).toBe(201);
            names.set(made.body.id, name);
          } else if (n % 5 === 2 && names.size < MAX_ROOMS) {
            expect((await writer.patch(`/chatroom/${oldest}`, { body: { name }, token })).status).toBe(200);
            names.set(oldest, name);
          } else if (n % 5 <= 3) {
            expect((await writer.delete(`/chatroom/${oldest}`, { token })).status).toBe(204);
            names.delete(oldest);
          } else {
            const sent = await writer.post(`/chatroom/${oldest}/message`, { body: { content: 'Hello' }, token });
            expect(sent.status).toBe(202);
            expectMessage = oldest;
          }
          const read = await reader.get<{ data: ListedRoom[] }>('/chatroom?limit=100', { token });
          const status = read.headers.get('cache-status') ?? '';
          statuses[status] = (statuses[status] ?? 0) + 1;
          const listed = new Map(read.body.data.map((room) => [room.id, room]));
          expect(Object.fromEntries([...listed].map(([id, room]) => [id, room.name]))).toEqual(Object.fromEntries(names));
          if (expectMessage !== null) expect(listed.get(expectMessage)?.message_count).toBeGreaterThan(0);
          // The same list again, at the other process, out of the shared cache.
          const again = await writer.get<{ data: ListedRoom[] }>('/chatroom?limit=100', { token });
          const second = again.headers.get('cache-status') ?? '';
          statuses[second] = (statuses[second] ?? 0) + 1;
        }
      }),
    );
    expect(statuses['chatrooms; hit'] ?? 0).toBeGreaterThan(REQUESTS / 8);
    expect(statuses['chatrooms; fwd=miss; stored'] ?? 0).toBeGreaterThan(REQUESTS / 8);
  });
});
