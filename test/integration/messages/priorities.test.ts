import { Queue, Worker } from 'bullmq';
import type { Plan } from '../../../src/common/actor.js';
import { type QueueConnection, openQueueConnection } from '../../../src/queue/queue-connection.js';
import { REPLY_QUEUE, type ReplyJob, ReplyQueue } from '../../../src/modules/messages/reply.queue.js';
import { testConfig } from '../../support/api.js';
import { startTestRedis, type TestRedis, whyNoRedis } from '../../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const withRedis = whyNoRedis() === null ? describe : describe.skip;

describe('on PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  inOrder(() => testConfig({ DATABASE_URL: database.url }));
  afterAll(() => database.drop());
});

withRedis('on Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  inOrder(() => testConfig({ REDIS_URL: redis.url }));
  afterAll(() => redis.stop());
});

function inOrder(config: () => ReturnType<typeof testConfig>): void {
  let connection: QueueConnection;
  let jobs: Queue<ReplyJob, void>;
  let queue: ReplyQueue;

  beforeAll(async () => {
    connection = await openQueueConnection(config());
    jobs = new Queue(REPLY_QUEUE, connection.options);
    queue = new ReplyQueue(jobs);
  });
  afterAll(async () => {
    await jobs.close();
    await connection.close();
  });

  const START = Date.now();
  /** Adds a job as if so many seconds had gone by. */
  const add = (replyId: string, plan: Plan, second: number): Promise<void> => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(START + second * 1_000);
    const added = queue.add({ replyId, plan }, { cause: 'accepted' });
    clock.mockRestore();
    return added;
  };

  /** The jobs in the order in which one worker takes them, to the end of `last`. */
  async function takenUntil(last: string, onTaken: (replyId: string) => Promise<void> = () => Promise.resolve()): Promise<string[]> {
    const taken: string[] = [];
    const worker = new Worker<ReplyJob, void>(
      REPLY_QUEUE,
      async ({ data: { reply_id: replyId } }) => {
        taken.push(replyId);
        if (!taken.includes(last)) await onTaken(replyId);
      },
      { ...connection.options, concurrency: 1 },
    );
    try {
      await until(`${last} is taken`, () => taken.includes(last));
    } finally {
      await worker.close();
    }
    return taken.slice(0, taken.indexOf(last) + 1);
  }

  test('a Pro job that comes after 50 Basic ones is taken before them, and they keep their order', async () => {
    const basic = Array.from({ length: 50 }, (_, i) => `basic-${i}`);
    for (const replyId of basic) await add(replyId, 'basic', 0);
    await add('pro', 'pro', 1);
    expect(await takenUntil('basic-49')).toEqual(['pro', ...basic]);
  });

  test('a Basic job is taken although there is always a Pro job, which was added later', async () => {
    let second = 100;
    await add('patient', 'basic', second);
    await add('urgent-100', 'pro', second);
    const taken = await takenUntil('patient', async () => {
      second += 1;
      await add(`urgent-${second}`, 'pro', second);
    });
    expect(taken).toEqual([...Array.from({ length: 30 }, (_, i) => `urgent-${100 + i}`), 'patient']);
  });
}
