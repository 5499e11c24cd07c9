import { GrowingReply } from '../../../src/modules/messages/reply-parts.js';
import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/common/actor.js';
import { MessagesModule, MessagesService, percentile, StatsRepository } from '../../../src/modules/messages/index.js';
import { cancelled, failed, NO_DETAILS } from '../../../src/modules/messages/outcomes.js';
import { type Claim, ClaimsRepository } from '../../../src/modules/messages/claims.repository.js';
import { FinishingRepository } from '../../../src/modules/messages/finishing.repository.js';
import type { Outcome } from '../../../src/modules/messages/outcomes.js';
import { UsageService } from '../../../src/modules/messages/usage/usage.service.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';

const MODEL = 'gemini-3.5-flash-lite';
/** Comes to 3,100 millionths of a dollar. */
const USAGE = { inputTokens: 2_000, outputTokens: 600, reasoningTokens: 400, totalTokens: 3_000, estimated: false };
const COMPLETED: Outcome = {
  status: 'completed',
  content: 'Hi',
  finishReason: 'stop',
  blockReason: null,
  errorCode: null,
  usage: USAGE,
  wasted: null,
  context: { turns: 1, trimmed: 0, summarised: 0, filesSent: 0, filesOmitted: 0 },
  firstTokenAt: null,
  refund: false,
};

let started: Awaited<ReturnType<typeof startModule>>;
let messages: MessagesService;
let claims: ClaimsRepository;
let replies: FinishingRepository;
let statistics: StatsRepository;
let usage: UsageService;
let dataSource: DataSource;

beforeAll(async () => {
  started = await startModule([MessagesModule], { BASIC_DAILY_LIMIT: '1000' });
  messages = started.module.get(MessagesService);
  claims = started.module.get(ClaimsRepository);
  replies = started.module.get(FinishingRepository);
  statistics = started.module.get(StatsRepository);
  usage = started.module.get(UsageService);
  dataSource = started.module.get(DataSource);
});
beforeEach(() => dataSource.query(`DELETE FROM model_hours`));
afterAll(() => started.close());

async function claimed(actor: Actor, room: string): Promise<Claim> {
  const { reply } = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null });
  const claim = await claims.claim(reply.id);
  if ('reason' in claim) throw new Error(`refused: ${claim.reason}`);
  return claim;
}

const today = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
const NO_TOKENS = { input_tokens: 0, output_tokens: 0, reasoning_tokens: 0, searches: 0, cost_micros: 0 };
const TOKENS = { input_tokens: 2_000, output_tokens: 600, reasoning_tokens: 400, searches: 0, cost_micros: 3_100 };
const row = (outcome: string, reason: string, count: number, tokens: object = NO_TOKENS) => ({
  model: MODEL,
  purpose: 'reply',
  outcome,
  reason,
  count,
  ...tokens,
});

test('what is accepted and how it ends is counted by hour, model and reason, with what it cost', async () => {
  const actor = await createActor(dataSource);
  const room = await createRoom(dataSource, actor);
  const { usage: tokens } = COMPLETED;
  await replies.finish(await claimed(actor, room), COMPLETED);
  await replies.finish(await claimed(actor, room), { ...COMPLETED, finishReason: 'length' });
  await replies.finish(await claimed(actor, room), { ...COMPLETED, status: 'blocked', finishReason: 'content-filter', usage: null });
  await replies.finish(await claimed(actor, room), { ...cancelled({ reply: new GrowingReply(), isRefunded: true }), usage: null });
  const broken = await claimed(actor, room);
  await claims.release(broken, { delayMs: 0, reason: 'stream_interrupted', wasted: tokens });
  const again = await claims.claim(broken.replyId);
  if ('reason' in again) throw new Error('refused');
  await replies.finish(again, failed('model_timeout', tokens));

  expect(await statistics.totals(today)).toEqual([
    row('accepted', 'basic', 5),
    row('blocked', 'content-filter', 1),
    row('cancelled', 'cancelled', 1),
    row('completed', 'length', 1, TOKENS),
    row('completed', 'stop', 1, TOKENS),
    row('failed', 'model_timeout', 1, TOKENS),
    row('retried', 'stream_interrupted', 1, TOKENS),
  ]);
  const counted = await statistics.hours(today);
  expect(counted.slice(-1)).toEqual([
    { hour: expect.any(Date), accepted: 5, completed: 2, failed: 1, blocked: 1, cancelled: 1, tokens: 12_000, cost_micros: 4 * 3_100 },
  ]);
});

test('a worker that lost its lease counts nothing', async () => {
  const actor = await createActor(dataSource);
  const late = await claimed(actor, await createRoom(dataSource, actor));
  await dataSource.query(`UPDATE messages SET lease_until = now() - interval '1 second' WHERE id = $1`, [late.replyId]);
  await claims.claim(late.replyId);
  expect(await claims.release(late, { delayMs: 0, reason: 'model_timeout', wasted: USAGE })).toBe(false);
  expect(await replies.finish(late, COMPLETED)).toBeNull();
  expect(await statistics.totals(today)).toEqual([row('accepted', 'basic', 1)]);
  expect(await usage.getUsage(actor, {})).toEqual({
    days: [],
    totals: { messages: 0, inputTokens: 0, outputTokens: 0, searches: 0, costMicros: 0 },
  });
});

test('percentiles of the latencies come from the roll-ups', async () => {
  const actor = await createActor(dataSource);
  for (let i = 1; i <= 10; i += 1) {
    const claim = await claimed(actor, await createRoom(dataSource, actor));
    await dataSource.query(`UPDATE messages SET created_at = now() - $2 * interval '1 second' WHERE id = $1`, [claim.replyId, i * 10]);
    const firstTokenAt = new Date(Date.now() - i * 5_000);
    // Every other one thinks.
    const firstThoughtAt = i % 2 === 0 ? new Date(Date.now() - i * 8_000) : null;
    await replies.finish(claim, { ...COMPLETED, firstTokenAt, details: { ...NO_DETAILS, firstThoughtAt } });
  }
  const { firstToken, firstThought, total } = (await statistics.latencies(today)).get(MODEL) ?? {};
  for (const [counts = [], number, exact] of [
    [firstToken, 10, 25_000],
    [firstThought, 5, 11_000],
    [total, 10, 50_000],
  ] as const) {
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(number);
    const estimate = percentile(counts, 0.5) ?? 0;
    expect(Math.max(exact / estimate, estimate / exact)).toBeLessThan(1.5);
  }
});

test('replies that end at the same time are all counted, on several rows', async () => {
  const actors = await Promise.all(Array.from({ length: 40 }, () => createActor(dataSource)));
  const claims = await Promise.all(actors.map(async (actor) => claimed(actor, await createRoom(dataSource, actor))));
  const ended = await Promise.all(claims.map((claim) => replies.finish(claim, COMPLETED)));
  expect(ended).toEqual(claims.map(() => ({ nextReplyId: null, summaryTasks: [], listVersion: expect.any(Number) as number })));
  const [accepted, completed] = await statistics.totals(today);
  expect([accepted, completed]).toEqual([
    row('accepted', 'basic', 40),
    row('completed', 'stop', 40, {
      input_tokens: 80_000,
      output_tokens: 24_000,
      reasoning_tokens: 16_000,
      searches: 0,
      cost_micros: 124_000,
    }),
  ]);
  const [shards] = await dataSource.query<{ shards: number }[]>(`SELECT count(DISTINCT shard)::integer AS shards FROM model_hours`);
  expect(shards?.shards).toBeGreaterThan(1);
});

describe('the usage of a user', () => {
  const day = new Date().toISOString().slice(0, 10);
  const before = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  const one = { messages: 1, inputTokens: 2_000, outputTokens: 600, searches: 0, costMicros: 3_100 };

  test('is that of the day that each message was charged to; what failed is left out', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    const old = await claimed(actor, room);
    await dataSource.query(`UPDATE messages SET charged_day = charged_day - 1 WHERE id = $1`, [old.replyId]);
    await dataSource.query(`UPDATE usage_days SET day = day - 1 WHERE user_id = $1`, [actor.userId]);
    await replies.finish(old, COMPLETED);
    await replies.finish(await claimed(actor, room), COMPLETED);
    await replies.finish(await claimed(actor, room), failed('model_timeout', USAGE));
    await replies.finish(await claimed(actor, room), { ...cancelled({ reply: new GrowingReply(), isRefunded: true }), usage: USAGE });
    expect(await usage.getUsage(actor, {})).toEqual({
      days: [
        { day: before(1), model: MODEL, ...one },
        { day, model: MODEL, ...one, inputTokens: 4_000, outputTokens: 1_200, searches: 0, costMicros: 6_200 },
      ],
      totals: { messages: 2, inputTokens: 6_000, outputTokens: 1_800, searches: 0, costMicros: 9_300 },
    });
    expect((await usage.getUsage(actor, { from: day, to: day })).totals.messages).toBe(1);
    expect((await usage.getUsage(actor, { to: before(1) })).days).toMatchObject([{ day: before(1) }]);
    expect((await usage.getUsage(await createActor(dataSource), {})).days).toEqual([]);
  });

  test('goes with the account, the counts of the service stay', async () => {
    const actor = await createActor(dataSource);
    await replies.finish(await claimed(actor, await createRoom(dataSource, actor)), COMPLETED);
    await dataSource.query(`DELETE FROM users WHERE id = $1`, [actor.userId]);
    expect(await dataSource.query(`SELECT * FROM user_model_days WHERE user_id = $1`, [actor.userId])).toEqual([]);
    expect(await statistics.totals(today)).toEqual([row('accepted', 'basic', 1), row('completed', 'stop', 1, TOKENS)]);
  });
});
