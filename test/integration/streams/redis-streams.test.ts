import { openStreams, type Streams } from '../../../src/streams/open-streams.js';
import { startTestRedis, type TestRedis, whyNoRedis } from '../../support/redis-server.js';
import { itKeepsLogs } from './log-contract.js';
import { itKeepsTheContract, type Subject } from './stream-contract.js';

const missing = whyNoRedis();

(missing === null ? describe : describe.skip)(`streams in Redis${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let redis: TestRedis;
  const opened: Streams[] = [];

  beforeAll(async () => {
    redis = await startTestRedis();
  });

  afterEach(() => {
    for (const streams of opened.splice(0)) streams.close();
  });

  afterAll(async () => {
    await redis.stop();
  });

  const subject: Subject = {
    open: async (options) => {
      const streams = await openStreams(redis.url, options);
      opened.push(streams);
      return streams;
    },
  };

  itKeepsTheContract(subject);
  itKeepsLogs(subject);
});
