import { type Cluster, startCluster, untilReady } from '../support/cluster.js';
import { type ClusterUser, createClusterUser, createRoom } from '../support/cluster-user.js';
import { Conversation } from '../support/conversation.js';
import { describeOn } from '../support/engines.js';
import { download, pictureOf, upload } from '../support/files.js';
import { type S3Server, startS3Server } from '../support/s3-server.js';
import { pdfOf, sha256Of } from '../support/sample-files.js';

describeOn('redis', 'a picture and a PDF in one message', () => {
  const picture = pictureOf(3_000_000);
  const pdf = pdfOf(3);

  describe.each(['database', 's3'] as const)('in the store %s', (kind) => {
    let s3: S3Server | null = null;
    let cluster: Cluster;
    let user: ClusterUser;
    let room: string;
    let ids: string[];

    beforeAll(async () => {
      s3 = kind === 's3' ? await startS3Server() : null;
      cluster = await startCluster({
        apis: 2,
        workers: 1,
        settings: { ...s3?.settings },
        gemini: { latencyMs: 5, chunkMs: 1, tokens: 400 },
      });
    });
    afterAll(async () => {
      await cluster.close();
      await s3?.stop();
    });

    const client = (index: number) => {
      const api = cluster.apis[index];
      if (!api) throw new Error(`no API ${index}`);
      return api.client;
    };
    /** What the model was given, in its own words, and the bytes that come back. */
    const expectBoth = async (index: number, content: string, options: object = {}) => {
      const reply = await new Conversation(client(index), user.token, room).ask(content, options);
      expect(reply).toMatchObject({ status: 'completed', context: { attachments: { sent: 2, omitted: 0 } } });
      expect(reply.content).toContain(`image/png, ${picture.length} bytes, SHA-256 ${sha256Of(picture)}`);
      expect(reply.content).toContain(`application/pdf, ${pdf.length} bytes, 3 pages, SHA-256 ${sha256Of(pdf)}`);
      for (const [i, bytes] of [picture, pdf].entries()) {
        const whole = await download(client(index), user.token, ids[i] ?? '');
        expect(sha256Of(whole.bytes)).toBe(sha256Of(bytes));
        const part = await download(client(index), user.token, ids[i] ?? '', { range: `bytes=100-${bytes.length - 50}` });
        expect({ status: part.status, isSame: part.bytes.equals(bytes.subarray(100, bytes.length - 49)) }).toEqual({
          status: 206,
          isSame: true,
        });
      }
    };

    test('is answered by what the model read, whichever process takes which part, and again after a restart of all', async () => {
      user = await createClusterUser(client(0), cluster.postgres);
      room = await createRoom(client(0), user);
      const first = await upload(client(0), user.token, picture, { name: 'cat.png' });
      const second = await upload(client(1), user.token, pdf, { name: 'paper.pdf' });
      expect([first.status, second.status]).toEqual([201, 201]);
      ids = [first.body.id, second.body.id];
      await expectBoth(1, 'What are these?', { attachment_ids: ids });
      for (const process of [...cluster.apis.map((api) => api.process), ...cluster.workers]) {
        expect(await process.terminate()).toBe(0);
        await process.start();
      }
      await Promise.all(cluster.apis.map((api) => untilReady(api)));
      await expectBoth(0, 'And again?');
    });
  });
});
