import { setTimeout as sleep } from 'node:timers/promises';
import { S3Store } from '../../src/integrations/object-store/s3-store.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers, createRoom } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { isFullSize } from '../support/full-size.js';
import { pictureOf, sha256, upload } from '../support/files.js';
import { type S3Server, startS3Server } from '../support/s3-server.js';
import { until } from '../support/until.js';

const KILLS = isFullSize ? 50 : 6;
const USERS = 4;
const MIB = 1024 * 1024;

describe.each(['database', 's3'] as const)('attachments in the store %s', (kind) => {
  describeOn('redis', 'while API and worker are killed', () => {
    let s3: S3Server | null = null;
    let cluster: Cluster;

    beforeAll(async () => {
      s3 = kind === 's3' ? await startS3Server() : null;
      cluster = await startCluster({
        apis: 1,
        workers: 1,
        settings: {
          ...s3?.settings,
          SWEEP_INTERVAL: '500ms',
          ATTACHMENT_CHECK_INTERVAL: '500ms',
          REPLY_LEASE: '3s',
          REPLY_MAX_ATTEMPTS: '100',
          BASIC_DAILY_LIMIT: '100000',
          BASIC_STORAGE_BYTES: String(10_240 * MIB),
        },
      });
    });
    afterAll(async () => {
      await cluster.close();
      await s3?.stop();
    });

    test(`${KILLS} kills: no message lacks its bytes, and no bytes are left without an owner`, async () => {
      const { postgres } = cluster;
      const [api] = cluster.apis;
      const [worker] = cluster.workers;
      if (!api || !worker) throw new Error('no processes');
      const { client } = api;
      const users = await createClusterUsers(client, postgres, USERS);
      const hashes = new Map<string, string>();
      let isOver = false;
      /** Messages with attachments that were accepted, and those of them whose room was left alone. */
      let [sent, kept] = [0, 0];

      const isLive = () =>
        client.get('/health/live').then(
          ({ status }) => status === 200,
          () => false,
        );
      // Uploads, sends and deletes for as long as processes are killed; what fails is given up.
      const work = async (user: ClusterUser) => {
        while (!isOver) {
          try {
            const room = await createRoom(client, user);
            const ids: string[] = [];
            for (let i = 0; i < 3; i += 1) {
              const bytes = pictureOf(MIB + Math.floor(Math.random() * MIB));
              const { status, body } = await upload(client, user.token, bytes, { name: 'a.png' });
              if (status !== 201) continue;
              hashes.set(body.id, sha256(bytes));
              ids.push(body.id);
            }
            const message = { content: 'Look', attachment_ids: ids.slice(1) };
            const { status } = await client.post(`/chatroom/${room}/message`, { token: user.token, body: message });
            if (status === 202 && ids.length > 1) sent += 1;
            if (Math.random() < 0.5) await client.delete(`/chatroom/${room}`, { token: user.token });
            else if (status === 202 && ids.length > 1) kept += 1;
            const [first] = ids;
            if (first !== undefined) await client.delete(`/attachment/${first}`, { token: user.token });
          } catch {
            await until('the API is back', isLive, 60_000);
          }
        }
      };
      const working = Promise.all(users.map(work));
      for (let kill = 0; kill < KILLS; kill += 1) {
        // A process is killed at work, not while it starts.
        const before = sent;
        await until('messages are accepted', () => sent > before, 60_000);
        await sleep(Math.random() * 700);
        const victim = kill % 2 === 0 ? api.process : worker;
        await victim.kill();
        await victim.start();
      }
      await until('a message is kept', () => kept > 0, 60_000);
      isOver = true;
      await working;
      await until('the API is ready', async () => (await client.get('/health/ready').catch(() => null))?.status === 200);

      // Time passes for the uploads that broke off.
      await postgres.query(`UPDATE attachments SET created_at = now() - interval '16 minutes' WHERE stored_at IS NULL`);
      const rows = <Row extends object>(text: string) => postgres.query<Row>(text);
      await until(
        'all is swept',
        async () => {
          const [left] = await rows<{ n: number }>(
            `SELECT (SELECT count(*) FROM attachment_removals)::int + (SELECT count(*) FROM attachments WHERE stored_at IS NULL)::int AS n`,
          );
          return left?.n === 0;
        },
        60_000,
      );
      const stored = async () => {
        if (kind === 'database')
          return (await rows<{ id: string }>(`SELECT DISTINCT object_id AS id FROM object_pieces`)).map(({ id }) => id);
        const store = new S3Store({
          endpoint: s3?.url,
          region: 'us-east-1',
          bucket: s3?.bucket ?? '',
          accessKeyId: 'S3RVER',
          secretAccessKey: 'S3RVER',
        });
        return store.list(null, 1_000).finally(() => {
          store.close();
        });
      };
      const known = (await rows<{ id: string }>(`SELECT id FROM attachments`)).map(({ id }) => id).sort();
      await until(
        'the store has what the table has',
        async () => JSON.stringify((await stored()).sort()) === JSON.stringify(known),
        60_000,
      );

      const held = await rows<{ id: string; user_id: string }>(
        `SELECT DISTINCT a.id, a.user_id FROM message_attachments h JOIN attachments a ON a.id = h.attachment_id`,
      );
      expect(held.length).toBeGreaterThan(0);
      for (const { id, user_id } of held) {
        const owner = users.find((user) => user.id === user_id);
        const response = await client.open('GET', `/attachment/${id}`, { token: owner?.token ?? '' });
        const bytes = Buffer.from(await response.arrayBuffer());
        const hash = hashes.get(id);
        // The answer of an upload may have been lost, but not its bytes.
        expect({ id, status: response.status, hash: hash === undefined ? undefined : sha256(bytes) }).toEqual({ id, status: 200, hash });
      }
      const wrong = await rows(
        `SELECT u.id FROM users u WHERE u.attachment_bytes <> (SELECT coalesce(sum(a.size), 0) FROM attachments a WHERE a.user_id = u.id)`,
      );
      expect(wrong).toEqual([]);
    }, 900_000);
  });
});
