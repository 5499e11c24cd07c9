import { once } from 'node:events';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import type { Job } from 'bullmq';
import { QueueProcessor, ProcessesQueue } from '../../../src/queue/queue-processor.js';
import { QueueWorkersModule } from '../../../src/queue/queue-workers.module.js';
import { Queues } from '../../../src/queue/queues.js';
import { type QueueName, QUEUE_WORKERS } from '../../../src/queue/worker-options.js';
import { startModule } from '../../support/module.js';
import { until } from '../../support/until.js';

const NAMES = Object.keys(QUEUE_WORKERS) as QueueName[];

const processorOf = (name: QueueName, handled: string[] = []) => {
  @ProcessesQueue(name)
  class TestProcessor extends QueueProcessor<{ id: string }> {
    protected override handle({ data }: Job<{ id: string }, void>): Promise<void> {
      handled.push(data.id);
      return Promise.resolve();
    }
  }
  return TestProcessor;
};

const start = async (processors: ReturnType<typeof processorOf>[], queues: string[] = NAMES) => {
  @Module({ imports: [BullModule.registerQueue(...queues.map((name) => ({ name }))), QueueWorkersModule], providers: processors })
  class Workers {}
  return startModule([Workers]);
};

test('a worker without a processor for one of the queues does not start', async () => {
  await expect(start(NAMES.slice(1).map((name) => processorOf(name)))).rejects.toThrow(
    `exactly one processor in the worker. Wrong: ${NAMES[0]}.`,
  );
});

test('a worker with a queue that has no declared options does not start', async () => {
  await expect(
    start(
      NAMES.map((name) => processorOf(name)),
      [...NAMES, 'surprise'],
    ),
  ).rejects.toThrow('Wrong: surprise.');
});

test('a worker with a processor for each queue starts, and handles the jobs of each', async () => {
  const handled: string[] = [];
  const started = await start(NAMES.map((name) => processorOf(name, handled)));

  for (const queue of started.module.get(Queues).all()) await queue.add('job', { id: queue.name });
  await until('all jobs are handled', () => handled.length === NAMES.length);
  expect(handled.sort()).toEqual([...NAMES].sort());
  await started.close();
});

test('all queues stop at once, though one of them finishes a job first', async () => {
  const [busy, other] = NAMES as [QueueName, QueueName, ...QueueName[]];
  const order = [busy, other, ...NAMES.filter((name) => name !== busy && name !== other)];
  for (const names of [order, order.toReversed()]) {
    const job = new AbortController();
    const released = once(job.signal, 'abort');
    let isBusy = false;
    // Each in a module of its own, as the product has them: the hooks of modules follow each other.
    const modules = names.map((name) => {
      @ProcessesQueue(name)
      class TestProcessor extends QueueProcessor<object> {
        protected override async handle(): Promise<void> {
          isBusy = true;
          await released;
        }
      }
      @Module({ imports: [BullModule.registerQueue({ name })], providers: [TestProcessor], exports: [TestProcessor] })
      class Processing {}
      return { Processing, TestProcessor };
    });
    @Module({ imports: [...modules.map(({ Processing }) => Processing), QueueWorkersModule] })
    class Workers {}
    const started = await startModule([Workers]);
    await started.module.get(Queues).find(busy)?.add('job', {});
    await until('the job is in work', () => isBusy);
    const closed = started.close();
    const workers = modules.map(({ TestProcessor }) => started.module.get(TestProcessor, { strict: false }).worker);
    await until('all take no more jobs', () => workers.every(({ closing }) => closing !== undefined));
    job.abort();
    await closed;
  }
});
