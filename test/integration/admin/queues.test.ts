import { Worker } from 'bullmq';
import { AccountContentsModule } from '../../../src/modules/privacy/account-contents.module.js';
import type { Administrator } from '../../../src/modules/admin/administrator.js';
import { AdminModule } from '../../../src/modules/admin/admin.module.js';
import { AdminQueuesService } from '../../../src/modules/admin/admin-queues.service.js';
import { AuditLogService } from '../../../src/modules/admin/audit-log.service.js';
import { NotFoundError } from '../../../src/common/errors/common.errors.js';
import { newId } from '../../../src/common/ids.js';
import { Queues } from '../../../src/queue/queues.js';
import { describeOn, ENGINES, settingsOf, startEngine } from '../../support/engines.js';
import { startModule } from '../../support/module.js';
import { until } from '../../support/until.js';

const NAME = 'one-time-codes';
const by: Administrator = { userId: newId(), sessionId: newId(), client: { ip: '192.0.2.1', device: null } };

describe.each(ENGINES)('Queues', (engine) => {
  describeOn(engine, `on ${engine}`, () => {
    let redis: Awaited<ReturnType<typeof startEngine>>;
    let started: Awaited<ReturnType<typeof startModule>>;
    let service: AdminQueuesService;

    beforeAll(async () => {
      redis = await startEngine(engine);
      started = await startModule([AccountContentsModule, AdminModule], settingsOf(redis));
      service = started.module.get(AdminQueuesService);
    });
    afterAll(async () => {
      await started.close();
      await redis?.stop();
    });

    const state = async () => {
      const found = (await service.listQueues()).find(({ name }) => name === NAME);
      if (!found) throw new Error(`no queue ${NAME}`);
      return found;
    };

    test('failed jobs are shown and done again, and a paused queue keeps its jobs waiting', async () => {
      const queue = started.module.get(Queues).find(NAME);
      if (!queue) throw new Error(`no queue ${NAME}`);
      const ids = ['first', 'second'];
      for (const jobId of ids) await queue.add('code', { challenge_id: jobId }, { jobId, attempts: 1 });
      const { connection, prefix } = queue.opts;
      const worker = new Worker(NAME, () => Promise.reject(new Error('not today')), {
        connection,
        ...(prefix === undefined ? {} : { prefix }),
      });
      worker.on('error', () => undefined);
      await until('both have failed', async () => (await state()).counts.failed === 2);
      await worker.close();
      const { failedJobs } = await state();
      expect(failedJobs.map(({ id }) => id).sort()).toEqual(ids);
      expect(failedJobs[0]).toMatchObject({ name: 'code', attempts: 1, error: 'not today', failedAt: expect.any(Date) });

      const retried = (id: string | undefined) =>
        Promise.all(Array.from({ length: 4 }, () => service.retryJobs(by, { name: NAME, jobId: id })));
      for (const { counts } of await retried('first')) expect(counts).toMatchObject({ waiting: 1, failed: 1 });
      for (const { counts } of await retried(undefined)) expect(counts).toMatchObject({ waiting: 2, failed: 0 });
      const noted = await started.module.get(AuditLogService).list({ targetId: NAME }, { after: null, count: 10 });
      expect(noted.map(({ action, before, after }) => ({ action, before, after }))).toEqual([
        { action: 'queue.retry', before: { failed: 1 }, after: { failed: 0 } },
        { action: 'queue.retry', before: { job_id: 'first', state: 'failed' }, after: { job_id: 'first', state: 'waiting' } },
      ]);
      for (const id of ['third', 'meta', 'wait', 'events'])
        await expect(service.retryJobs(by, { name: NAME, jobId: id })).rejects.toThrow(NotFoundError);
      expect(await service.pauseQueue(by, { name: NAME })).toMatchObject({
        isPaused: true,
        counts: { waiting: 2 },
        oldestWaitingAt: expect.any(Date),
      });
      expect(await service.resumeQueue(by, { name: NAME })).toMatchObject({ isPaused: false, counts: { waiting: 2 } });
    });
  });
});
