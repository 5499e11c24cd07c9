import { type Cost, EventLoopProbe, head, pour, statusOf, Target } from '../../support/attack.js';
import { chatroomDocument } from '../../support/chatroom-document.js';
import { type ApiProcess, type Cluster, startCluster } from '../../support/cluster.js';
import { type ClusterUser, createClusterUsers } from '../../support/cluster-user.js';
import { describeOn } from '../../support/engines.js';
import { pictureOf } from '../../support/files.js';
import { until } from '../../support/until.js';

const MIB = 1024 * 1024;
/** What an attack may cost at most. */
const MEMORY_MIB = 200;
/** What 20 uploads at once may cost at most. */
const UPLOAD_MEMORY_MIB = 150;
/** What blocks the event loop takes seconds; a slow machine collects the garbage of large pages for half a second. */
const DELAY_MS = 800;
const DESCRIPTORS_LEFT = 10;
/**
 * A busy machine delays threads that the event loop waits for, such as those that collect garbage. An attack that
 * blocks the event loop or fills the memory by itself does so each time.
 */
const TRIES = 3;

/** ATTACKED_RELEASE is the folder of another build to attack instead of this one. */
const RELEASE = process.env['ATTACKED_RELEASE'] === undefined ? {} : { release: process.env['ATTACKED_RELEASE'] };

const USERS = 20;
/** 503: PostgreSQL was busy with the others for too long. */
const REFUSED_OR_OPEN = [200, 429, 503];
/** The most bodies in flight at one process, and of one user (BodiesInFlight). */
const [TEN_MB_BODIES, TEN_MB_BODIES_OF_A_USER] = [4, 2];

const BRACKETS = Buffer.alloc(20 * MIB, '[');
const HAN = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7_919) % 20_000))).join('');
const LATIN = Array.from({ length: 12_000 }, (_, i) => `word${i}`)
  .join(' ')
  .slice(0, 100_000);

const documentOf = (contents: readonly string[]): Buffer => Buffer.from(JSON.stringify(chatroomDocument(contents)));

/** Only Linux tells what memory a process had at its peak. */
const describeOnLinux: typeof describeOn =
  process.platform === 'linux'
    ? describeOn
    : (_engine, name, tests) => {
        describe.skip(`${name} (skipped: not Linux)`, tests);
      };

describeOnLinux('redis', 'One API process bears', () => {
  const rows: { attack: string; cost: Cost }[] = [];
  let probe: EventLoopProbe;
  let cluster: Cluster;
  let api: ApiProcess;
  let users: ClusterUser[];
  let user: ClusterUser;

  beforeAll(async () => {
    probe = await EventLoopProbe.create();
    const settings = { PRO_STORAGE_BYTES: String(4_096 * MIB) };
    cluster = await startCluster({ apis: 1, workers: 0, settings, apiEnvironment: probe.environment, ...RELEASE });
    const [firstApi] = cluster.apis;
    if (!firstApi) throw new Error('no API');
    api = firstApi;
    users = await createClusterUsers(api.client, cluster.postgres, USERS);
    const [firstUser] = users;
    if (!firstUser) throw new Error('no user');
    user = firstUser;
  });

  afterAll(async () => {
    process.stdout.write(tableOf(rows));
    await cluster.close();
  });

  /** One more of them is one more call of this. */
  const attack = (name: string, run: (target: Target) => Promise<void>, mostMemory = MEMORY_MIB): void => {
    test(
      name,
      async () => {
        for (let tries = 1; ; tries += 1) {
          const target = await Target.prepare(api, probe, user.token);
          await target.watch(
            () => run(target),
            (cost) => rows.push({ attack: tries === 1 ? name : `${name} (try ${tries})`, cost }),
          );
          const cost = rows.at(-1)?.cost;
          if (!cost) throw new Error('not measured');
          if (tries < TRIES && !(cost.memory <= mostMemory && cost.delay.worst <= DELAY_MS)) continue;
          expect(cost.descriptorsLeft).toBeLessThanOrEqual(DESCRIPTORS_LEFT);
          expect(cost.memory).toBeLessThanOrEqual(mostMemory);
          expect(cost.delay.worst).toBeLessThanOrEqual(DELAY_MS);
          return;
        }
      },
      300_000,
    );
  };

  const post = (path: string, size: number, sender: ClusterUser | null = null) =>
    head('POST', path, {
      'content-type': 'application/json',
      'content-length': size,
      connection: 'close',
      ...(sender && bearerOf(sender)),
    });

  // A connection that is kept for another request is none that an answer holds.
  const get = (path: string, by: ClusterUser, connection = 'close') => head('GET', path, { ...bearerOf(by), connection });

  /**
   * A room of `pairs` questions, each with a reply of this text, which an earlier release may have let be longer.
   *
   * @returns its id, and a reply's
   */
  async function roomOf(owner: ClusterUser, pairs: number, reply: string): Promise<{ id: string; message: string }> {
    const { status, body } = await api.client.post<{ id: string }>('/chatroom/import', {
      token: owner.token,
      body: chatroomDocument(Array.from({ length: 2 * pairs }, (_, i) => (i % 2 === 0 ? 'Question' : 'Answer'))),
    });
    if (status !== 201) throw new Error(`POST /chatroom/import answered ${status}`);
    const [first] = await cluster.postgres.query<{ id: string }>(
      `UPDATE messages SET content = $2 WHERE chatroom_id = $1 AND role = 'model' RETURNING id`,
      [body.id, reply],
    );
    if (!first) throw new Error('no reply');
    return { id: body.id, message: first.id };
  }

  attack('60 sockets without a token, each with 20 MiB for POST /chatroom/import', async (target) => {
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const socket = await target.open();
        const status = statusOf(socket);
        socket.write(post('/chatroom/import', BRACKETS.length));
        await pour(socket, BRACKETS);
        expect(await status).toBe(401);
      }),
    );
  });

  attack(
    '20 files of 20 MiB, uploaded at once',
    async (target) => {
      const before = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n';
      const bytes = Buffer.concat([Buffer.from(before), pictureOf(20 * MIB), Buffer.from('\r\n--b--\r\n')]);
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = await target.open();
          const status = statusOf(socket);
          const type = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': bytes.length };
          socket.write(head('POST', '/attachment', { ...type, connection: 'close', ...bearerOf(user) }));
          await pour(socket, bytes);
          return status;
        }),
      );
      expect(statuses).toEqual(Array.from({ length: 20 }, () => 201));
      await cluster.postgres.query('TRUNCATE object_pieces');
    },
    UPLOAD_MEMORY_MIB,
  );

  attack('60 uploads of 20 MiB by one user, all but their last byte', async (target) => {
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const socket = await target.open();
        const status = statusOf(socket);
        socket.write(post('/chatroom/import', BRACKETS.length, user));
        await pour(socket, BRACKETS.subarray(1));
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([408, 429]));
  });

  attack('200 uploads of 400 KiB by strangers that stall', async (target) => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = await target.open();
        const status = statusOf(socket);
        socket.write(post('/auth/login', 500 * 1024));
        await pour(socket, BRACKETS.subarray(0, 400 * 1024));
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([408, 429]));
  });

  attack('500 connections with garbage, and 100 whose headers never end', async (target) => {
    await Promise.all([
      ...Array.from({ length: 500 }, async () => (await target.open()).write('NONSENSE\r\n\r\n')),
      ...Array.from({ length: 100 }, async () => (await target.open()).write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')),
    ]);
  });

  /**
   * Sends this body for each sender at once, their last bytes once all but `accepted` of them are refused.
   *
   * @returns how those were answered
   */
  async function importAtOnce(target: Target, senders: readonly ClusterUser[], body: Buffer, accepted: number): Promise<number[]> {
    const statuses: number[] = [];
    const uploads = await Promise.all(
      senders.map(async (sender) => {
        const socket = await target.open();
        const answered = statusOf(socket).then((status) => statuses.push(status));
        socket.write(post('/chatroom/import', body.length, sender));
        return { socket, answered, poured: pour(socket, body.subarray(0, -1)) };
      }),
    );
    const refused = senders.length - accepted;
    const all = Promise.all(uploads.map(({ poured }) => poured));
    await Promise.race([all, until('the others are refused', () => statuses.length >= refused)]);
    await Promise.all(
      uploads.map(async ({ socket, answered, poured }) => {
        await poured;
        if (socket.writable) socket.write(body.subarray(-1));
        await answered;
      }),
    );
    expect(statuses.slice(0, refused)).toEqual(Array.from({ length: refused }, () => 429));
    return statuses.slice(refused);
  }

  attack('20 imports at once of 10 MB of brackets, one each by 20 users', async (target) => {
    const answers = await importAtOnce(target, users, BRACKETS.subarray(0, 10_000_000), TEN_MB_BODIES);
    expect(answers).toEqual([400, 400, 400, 400]);
  });

  attack('20 imports at once of 10 MB of brackets, all by one user', async (target) => {
    const senders = users.map(() => user);
    const answers = await importAtOnce(target, senders, BRACKETS.subarray(0, 10_000_000), TEN_MB_BODIES_OF_A_USER);
    expect(answers).toEqual([400, 400]);
  });

  attack('20 imports at once of a room of 10 MB, one each by 20 users', async (target) => {
    const replies = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'Question' : 'x'.repeat(99_000)));
    expect(await importAtOnce(target, users, documentOf(replies), TEN_MB_BODIES)).toEqual([201, 201, 201, 201]);
  });

  for (const [what, contents] of [
    ['long replies, 19 MB', Array.from({ length: 380 }, (_, i) => (i % 2 === 0 ? 'Question' : 'x'.repeat(99_000)))],
    ['many words, 2 MB', Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'Question' : i % 4 === 1 ? LATIN : HAN))],
    ['20,000 short messages, 3 MB', Array.from({ length: 20_000 }, () => 'a')],
  ] as const) {
    attack(`an import of ${what}`, async (target) => {
      expect((await target.send('POST', '/chatroom/import', user.token, documentOf(contents))).status).toBe(201);
    });
  }

  attack('30 bodies at once of 500 kB of nesting, a long list, or many lists', async (target) => {
    const names = ['['.repeat(240_000) + ']'.repeat(240_000), `[${'0,'.repeat(250_000)}0]`, `[${'[],'.repeat(160_000)}0]`];
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => target.send('POST', '/chatroom', user.token, `{"name":${names[i % names.length]}}`)),
    );
    for (const { status } of answers) expect([400, 429, 503]).toContain(status);
  });

  describe('with large rooms', () => {
    const pageOf = (room: string) => `/chatroom/${room}/message?limit=100`;
    let largest: string;
    let ofAnEarlierRelease: string;
    let streams: string[];

    beforeAll(async () => {
      // Twelve replies and their questions make a page of almost 1 MiB.
      largest = (await roomOf(user, 20, 'x'.repeat(86_500))).id;
      ofAnEarlierRelease = (await roomOf(user, 50, 'y'.repeat(190_000))).id;
      streams = [];
      for (const owner of users) {
        const { id, message } = await roomOf(owner, 1, '😀'.repeat(1_000_000));
        streams.push(`/chatroom/${id}/message/${message}/stream`);
      }
    });

    attack('20 reads at once of the largest page, and 20 of one that an earlier release had', async (target) => {
      const paths = Array.from({ length: 40 }, (_, i) => pageOf(i < 20 ? largest : ofAnEarlierRelease));
      const answers = await Promise.all(paths.map((path) => target.send('GET', path, user.token)));
      for (const { status, bytes } of answers) {
        if (status === 200) expect(bytes).toBeGreaterThan(0.9 * MIB);
        expect(bytes).toBeLessThanOrEqual(MIB);
      }
      expect(answers.map(({ status }) => status)).toContain(200);
    });

    attack('40 of the largest pages that nobody reads, and 40 more on one connection', async (target) => {
      await Promise.all(
        Array.from({ length: 41 }, async (_, i) => {
          const socket = await target.open();
          const more = i === 0 ? 39 : 0;
          socket.write(get(pageOf(ofAnEarlierRelease), user, 'keep-alive').repeat(more) + get(pageOf(ofAnEarlierRelease), user));
          expect(REFUSED_OR_OPEN).toContain(await statusOf(socket));
        }),
      );
    });

    attack('160 streams that nobody reads', async (target) => {
      await Promise.all(
        Array.from({ length: 160 }, async (_, i) => {
          const socket = await target.open();
          socket.write(get(streams[i % USERS] ?? '', users[i % USERS] ?? user));
          expect(REFUSED_OR_OPEN).toContain(await statusOf(socket));
        }),
      );
    });
  });
});

const bearerOf = ({ token }: ClusterUser) => ({ authorization: `Bearer ${token}` });

function tableOf(rows: readonly { attack: string; cost: Cost }[]): string {
  const lines = [
    ['attack', 'memory +MiB', 'event loop p99 ms', 'worst ms', 'descriptors left'],
    ...rows.map(({ attack, cost: { memory, delay, descriptorsLeft } }) =>
      [attack, memory, delay.p99, delay.worst, descriptorsLeft].map(String),
    ),
  ];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return `\n${lines.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')).join('\n')}\n`;
}
