import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/apps/local/postgres/embedded-postgres.js';
import { type Cluster, startCluster, untilReady } from '../support/cluster.js';
import { createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

describeOn('redis', 'a restore, as docs/operations.md tells it', () => {
  let cluster: Cluster;
  let folder: string;
  let restored: EmbeddedPostgres | null = null;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'test-backup-'));
    cluster = await startCluster({
      apis: 1,
      workers: 1,
      settings: { MAX_PENDING_REPLIES: '1000' },
      gemini: { latencyMs: 500, chunkMs: 20, tokens: 30 },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await restored?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('of a base backup that was taken under load, with an empty Redis, has every message accepted before it, and answers it', async () => {
    const [api] = cluster.apis;
    const [worker] = cluster.workers;
    if (!api || !worker) throw new Error('one of each');
    const users = await createClusterUsers(api.client, cluster.postgres, 3);
    const rooms = await Promise.all(users.map((user) => createRoom(api.client, user)));
    const accepted: string[] = [];
    let isStopped = false;
    const load = Promise.all(
      users.map(async ({ token }, i) => {
        while (!isStopped) {
          const body = { content: `Message ${accepted.length}` };
          const sent = await api.client.post<{ message: { id: string } }>(`/chatroom/${rooms[i] ?? ''}/message`, { token, body });
          if (sent.status !== 202) throw new Error(`a message got ${sent.status}`);
          accepted.push(sent.body.message.id);
        }
      }),
    );
    await until('messages are accepted', () => accepted.length > 50);
    const ofBackup = await takeBaseBackup(folder, () => [...accepted]);
    await until('messages are accepted after it', () => accepted.length > ofBackup.length + 20);
    isStopped = true;
    await load;

    for (const process of [api.process, worker]) await process.terminate();
    await cluster.postgres.stop();
    await cluster.redis.restart();
    restored = await startEmbeddedPostgres({ dataDirectory: folder, settings: { max_connections: '300' } });
    cluster.postgres.proxy.target = restored.port;
    await worker.start();
    await api.process.start();
    await untilReady(api);

    const client = new Client({ connectionString: restored.connectionString('chat') });
    await client.connect();
    const query = async <Row extends object>(sql: string, values: unknown[] = []) => (await client.query<Row>(sql, values)).rows;
    try {
      const known = await query<{ id: string }>(`SELECT id FROM messages WHERE id = ANY ($1)`, [ofBackup]);
      expect(known).toHaveLength(ofBackup.length);
      const unfinished = `SELECT id FROM messages WHERE status IN ('pending', 'streaming')`;
      await until('every reply is finished', async () => (await query(unfinished)).length === 0, 120_000);
      expect(await query(`SELECT DISTINCT status FROM messages WHERE role = 'model'`)).toEqual([{ status: 'completed' }]);
      expect(await findBrokenInvariants({ query })).toEqual([]);
    } finally {
      await client.end();
    }
    // Its users go on where they were.
    const [user] = users;
    const sent = await api.client.post(`/chatroom/${rooms[0] ?? ''}/message`, {
      token: user?.token ?? '',
      body: { content: 'Hello again' },
    });
    expect(sent.status).toBe(202);
    const reply = await api.client.get<{ status: string }>(`${sent.headers.get('location') ?? ''}?wait=30`, { token: user?.token ?? '' });
    expect(reply.body.status).toBe('completed');
  });

  /**
   * A base backup by the functions that pg_basebackup uses
   * (https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP): the files as they are
   * while they are written, and then the WAL.
   *
   * @returns what `accepted` gave when the copy of the files was done
   */
  async function takeBaseBackup(into: string, accepted: () => string[]): Promise<string[]> {
    const client = new Client({ connectionString: cluster.postgres.url });
    await client.connect();
    try {
      const [version = ''] = readdirSync(cluster.postgres.dataDirectory).filter((name) => /^postgres-\d+$/u.test(name));
      const source = join(cluster.postgres.dataDirectory, version, 'cluster');
      const home = join(into, basename(dirname(source)));
      const target = join(home, basename(source));
      mkdirSync(target, { recursive: true });
      for (const [from, to] of [
        [dirname(dirname(source)), into],
        [dirname(source), home],
        [source, target],
      ] as const) {
        const { uid, gid, mode } = statSync(from);
        chownSync(to, uid, gid);
        chmodSync(to, mode);
      }
      await run('cp', ['-a', join(dirname(source), 'password'), home]);
      await client.query(`SELECT pg_backup_start('test', true)`);
      const files = readdirSync(source).filter((name) => name !== 'pg_wal' && !name.startsWith('postmaster.'));
      await run('cp', ['-a', ...files.map((name) => join(source, name)), target]);
      const before = accepted();
      const stopped = await client.query<{ labelfile: string }>(`SELECT labelfile FROM pg_backup_stop(false)`);
      await run('cp', ['-a', join(source, 'pg_wal'), target]);
      writeFileSync(join(target, 'backup_label'), stopped.rows[0]?.labelfile ?? '');
      const { uid, gid } = statSync(source);
      chownSync(join(target, 'backup_label'), uid, gid);
      return before;
    } finally {
      await client.end();
    }
  }
});
