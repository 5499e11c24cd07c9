import { type Cost, head, pour, statusOf, Target } from '../support/attack.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';

const MIB = 1024 * 1024;
/** What an attack may cost at most. */
const MEMORY_MIB = 200;
const DELAY_MS = 200;
const STREAMS_OF_A_USER = 20;

/** 503: PostgreSQL was busy with the others for too long. */
const REFUSED_OR_OPEN = [200, 429, 503];

interface ImportedRoom {
  readonly id: string;
  readonly message: string;
}

describeOn('redis', 'one API process under attack', () => {
  let cluster: Cluster;
  let users: ClusterUser[];
  const costs: [attack: string, cost: Cost][] = [];

  beforeAll(async () => {
    cluster = await startCluster({ apis: 1, workers: 0, settings: { MAX_STREAMS: String(STREAMS_OF_A_USER) } });
    users = await createClusterUsers(api(), cluster.postgres, 8);
  }, 120_000);

  afterAll(async () => {
    const lines = costs.map(
      ([attack, { memory, delay, descriptors }]) =>
        `${attack.padEnd(76)} memory +${memory} MiB · event loop p99 ${delay.p99} ms, worst ${delay.worst} ms · descriptors +${descriptors.most}, ${descriptors.left} left`,
    );
    process.stdout.write(`\n${lines.join('\n')}\n`);
    await cluster.close();
  }, 60_000);

  const api = () => {
    const [one] = cluster.apis;
    if (!one) throw new Error('no API');
    return one.client;
  };
  const user = (i = 0) => {
    const one = users[i % users.length];
    if (!one) throw new Error('no user');
    return one;
  };
  const bearer = ({ token }: ClusterUser) => ({ authorization: `Bearer ${token}` });
  /** A connection that is kept for another request is none that an answer holds. */
  const once = (path: string, by: ClusterUser) => head('GET', path, { ...bearer(by), connection: 'close' });

  /** One more of them is one more call of this. */
  const attack = (
    name: string,
    run: (target: Target) => Promise<void>,
    { memoryMib = MEMORY_MIB, delayMs = DELAY_MS }: { memoryMib?: number; delayMs?: number } = {},
  ): void => {
    test(
      name,
      async () => {
        const target = await Target.prepare(cluster, () => api().get('/user/me', { token: user().token }));
        await target.watch(
          () => run(target),
          (cost) => costs.push([name, cost]),
        );
        const [, cost] = costs.at(-1) ?? [];
        expect(cost?.memory).toBeLessThan(memoryMib);
        expect(cost?.delay.p99).toBeLessThan(delayMs);
      },
      180_000,
    );
  };

  /** A room of `pairs` questions and replies, each reply of this text. */
  async function importRoom(owner: ClusterUser, pairs: number, text: string): Promise<ImportedRoom> {
    const at = '2026-01-01T00:00:00.000Z';
    const messages = Array.from({ length: pairs }, (_, i) => [
      { n: 2 * i + 1, parent: i === 0 ? null : 2 * i, role: 'user', content: 'Question', created_at: at },
      {
        n: 2 * i + 2,
        parent: 2 * i + 1,
        role: 'model',
        content: 'Answer',
        status: 'completed',
        model: null,
        finish_reason: 'stop',
        block_reason: null,
        error: null,
        usage: null,
        context: null,
        created_at: at,
        completed_at: at,
      },
    ]).flat();
    const settings = { name: 'Room', system_instruction: null, model: null, archived: false, created_at: at };
    const document = { format: 'gemini-chat-room', version: 1, chatroom: { ...settings, active: messages.length }, messages };
    const { status, body } = await api().post<{ id: string }>('/chatroom/import', { body: document, token: owner.token });
    if (status !== 201) throw new Error(`POST /chatroom/import answered ${status}`);
    // Past the API, which need not take such texts.
    const [first] = await cluster.postgres.query<{ id: string }>(
      `UPDATE messages SET content = $2 WHERE chatroom_id = $1 AND role = 'model' RETURNING id`,
      [body.id, text],
    );
    return { id: body.id, message: first?.id ?? '' };
  }

  const upload = (size: number, headers: Readonly<Record<string, string>> = {}) =>
    head('POST', '/chatroom/import', { 'content-type': 'application/json', 'content-length': size, ...headers });

  attack('60 sockets without a token, each with 20 MiB for POST /chatroom/import', async (target) => {
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const socket = await target.open();
        const status = statusOf(socket);
        socket.write(upload(20 * MIB));
        await pour(socket, 20 * MIB - 1);
        socket.write(']');
        expect(await status).toBe(401);
      }),
    );
    await target.untilQuiet();
    await target.untilReleased(10_000);
  });

  attack('60 uploads of 20 MiB by one user, all but their last byte', async (target) => {
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const socket = await target.open();
        const status = statusOf(socket);
        socket.write(upload(20 * MIB, bearer(user())));
        await pour(socket, 20 * MIB - 1);
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([408, 429]));
    await target.untilReleased(10_000);
  });

  attack('200 uploads of 400 KiB by strangers that stall', async (target) => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = await target.open();
        const status = statusOf(socket);
        socket.write(head('POST', '/auth/login', { 'content-type': 'application/json', 'content-length': 500 * 1024 }));
        await pour(socket, 400 * 1024);
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([408, 429]));
    await target.untilReleased(10_000);
  });

  attack('500 connections with garbage, and 100 whose headers never end', async (target) => {
    await Promise.all([
      ...Array.from({ length: 500 }, async () => (await target.open()).write('NONSENSE\r\n\r\n')),
      ...Array.from({ length: 100 }, async () => (await target.open()).write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')),
    ]);
    await target.untilReleased(30_000);
  });

  attack(
    '40 pages of 19 MB that nobody reads',
    async (target) => {
      const room = await importRoom(user(), 20, 'x'.repeat(950_000));
      // One after the other: it is what waits for readers that counts here, not what is made at a time.
      for (let i = 0; i < 40; i += 1) {
        const socket = await target.open();
        socket.write(once(`/chatroom/${room.id}/message?limit=100`, user()));
        expect(REFUSED_OR_OPEN).toContain(await statusOf(socket));
      }
      await target.untilQuiet();
      await target.untilReleased(40_000);
    },
    // What it takes to make such a page is bounded by the size of pages, and not by what waits.
    { memoryMib: 1_000, delayMs: 1_000 },
  );

  attack('160 streams that nobody reads', async (target) => {
    const rooms = await Promise.all(users.map((owner) => importRoom(owner, 1, '😀'.repeat(1_000_000))));
    await Promise.all(
      rooms.flatMap(({ id, message }, i) =>
        Array.from({ length: STREAMS_OF_A_USER }, async () => {
          const socket = await target.open();
          socket.write(once(`/chatroom/${id}/message/${message}/stream`, user(i)));
          expect(REFUSED_OR_OPEN).toContain(await statusOf(socket));
        }),
      ),
    );
    await target.untilQuiet();
    await target.untilReleased(60_000);
  });
});
