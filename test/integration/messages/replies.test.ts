import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/common/actor.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { type Claim, ClaimsRepository } from '../../../src/modules/messages/claims.repository.js';
import { FinishingRepository } from '../../../src/modules/messages/finishing.repository.js';
import type { Outcome } from '../../../src/modules/messages/outcomes.js';
import { PathRepository } from '../../../src/modules/messages/path.repository.js';
import { deltaPosition } from '../../../src/modules/messages/stream/stream-position.js';
import { StreamStore } from '../../../src/streams/stream-store.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';

let started: Awaited<ReturnType<typeof startModule>>;
let messages: MessagesService;
let claims: ClaimsRepository;
let replies: FinishingRepository;
let paths: PathRepository;
let dataSource: DataSource;
let actor: Actor;
let room: string;

beforeAll(async () => {
  started = await startModule([MessagesModule]);
  messages = started.module.get(MessagesService);
  claims = started.module.get(ClaimsRepository);
  replies = started.module.get(FinishingRepository);
  paths = started.module.get(PathRepository);
  dataSource = started.module.get(DataSource);
});
beforeEach(async () => {
  await dataSource.query(`DELETE FROM model_pauses`);
  actor = await createActor(dataSource);
  room = await createRoom(dataSource, actor);
});
afterAll(() => started.close());

const send = async (): Promise<string> => (await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null })).reply.id;

async function claimed(replyId: string): Promise<Claim> {
  const claim = await claims.claim(replyId);
  if ('reason' in claim) throw new Error(`refused: ${claim.reason}`);
  return claim;
}

const expireLease = (replyId: string) =>
  dataSource.query(`UPDATE messages SET lease_until = now() - interval '1 second' WHERE id = $1`, [replyId]);

const COMPLETED: Outcome = {
  status: 'completed',
  content: 'Hi',
  finishReason: 'stop',
  blockReason: null,
  errorCode: null,
  usage: { inputTokens: 1, outputTokens: 1, reasoningTokens: 0, totalTokens: 2, estimated: false },
  wasted: null,
  context: { turns: 1, trimmed: 0, summarised: 0, filesSent: 0, filesOmitted: 0 },
  firstTokenAt: new Date(),
  refund: false,
};
const FAILED: Outcome = {
  ...COMPLETED,
  status: 'failed',
  content: '',
  finishReason: 'error',
  errorCode: 'model_timeout',
  usage: null,
  refund: true,
};

test('of 20 claims at once one gets the reply, the others learn when it may be free', async () => {
  const id = await send();
  const results = await Promise.all(Array.from({ length: 20 }, () => claims.claim(id)));
  expect(results.filter((result) => !('reason' in result))).toHaveLength(1);
  for (const result of results.filter((other) => 'reason' in other)) {
    expect(result).toMatchObject({ reason: 'not_yet', attempt: 1, forMs: expect.any(Number) });
  }
});

test('a reply waits for the earlier one of its room, and is named when that is finished', async () => {
  const [first, second] = [await send(), await send()];
  expect(await claims.claim(second)).toEqual({ reason: 'earlier_reply' });
  const claim = await claimed(first);
  expect(await claims.claim(second)).toEqual({ reason: 'earlier_reply' });
  expect(await replies.finish(claim, COMPLETED)).toEqual({
    nextReplyId: second,
    summaryTasks: [],
    listVersion: expect.any(Number) as number,
  });
  expect((await claimed(second)).attempt).toBe(1);
  expect(await claims.claim(first)).toEqual({ reason: 'finished' });
});

test('a worker that lost its lease writes nothing', async () => {
  const id = await send();
  const late = await claimed(id);
  await expireLease(id);
  const current = await claimed(id);
  expect(current.attempt).toBe(2);
  expect(await replies.finish(late, FAILED)).toBeNull();
  expect(await claims.release(late, { delayMs: 0, reason: 'model_timeout', wasted: null })).toBe(false);
  const held = (claim: Claim) => ({ ...claim, firstTokenAt: null });
  expect(await claims.renew([held(late), held(current)])).toEqual(new Map([[id, { isCancelled: false }]]));
  expect(await claims.renew([held(late)])).toEqual(new Map());
  expect(await replies.finish(current, COMPLETED)).toEqual({
    nextReplyId: null,
    summaryTasks: [],
    listVersion: expect.any(Number) as number,
  });
  expect(await replies.finish(current, FAILED)).toBeNull();
  expect(await dataSource.query(`SELECT status, content FROM messages WHERE id = $1`, [id])).toEqual([
    { status: 'completed', content: 'Hi' },
  ]);
  expect(await dataSource.query(`SELECT unfinished_replies FROM users WHERE id = $1`, [actor.userId])).toEqual([{ unfinished_replies: 0 }]);
});

test('a reply that is cancelled when its worker is gone keeps what was read of it, and what that consumed is estimated', async () => {
  const id = await send();
  const { attempt } = await claimed(id);
  const text = 'Half an answer';
  await started.module.get(StreamStore).append(id, [{ attempt, n: deltaPosition(text.length), data: text }], null);
  await expireLease(id);
  expect(await messages.cancelReply(actor, { chatroomId: room, messageId: id })).toMatchObject({
    status: 'cancelled',
    content: text,
    inputTokens: 2,
    outputTokens: 4,
    totalTokens: 6,
    usageEstimated: true,
    contextTurns: 1,
  });
  expect(await dataSource.query(`SELECT messages FROM usage_days WHERE user_id = $1`, [actor.userId])).toEqual([{ messages: 1 }]);

  const unbegun = await send();
  await claimed(unbegun);
  await expireLease(unbegun);
  expect(await messages.cancelReply(actor, { chatroomId: room, messageId: unbegun })).toMatchObject({
    status: 'cancelled',
    content: '',
    usageEstimated: null,
  });
  expect(await dataSource.query(`SELECT messages FROM usage_days WHERE user_id = $1`, [actor.userId])).toEqual([{ messages: 1 }]);
});

test('a failed reply gives its unit back to the day that it was charged to', async () => {
  const id = await send();
  await dataSource.query(`UPDATE usage_days SET day = day - 1 WHERE user_id = $1`, [actor.userId]);
  await dataSource.query(`UPDATE messages SET charged_day = charged_day - 1 WHERE id = $1`, [id]);
  await send();
  await replies.finish(await claimed(id), FAILED);
  const days = await dataSource.query<{ messages: number }[]>(`SELECT messages FROM usage_days WHERE user_id = $1 ORDER BY day`, [
    actor.userId,
  ]);
  expect(days).toEqual([{ messages: 0 }, { messages: 1 }]);
  expect(await dataSource.query(`SELECT charged_day FROM messages WHERE id = $1`, [id])).toEqual([{ charged_day: null }]);
});

test('a released reply is claimable again, no sooner than it was put off', async () => {
  const id = await send();
  expect(await claims.release(await claimed(id), { delayMs: 60_000, reason: 'model_timeout', wasted: null })).toBe(true);
  expect(await claims.claim(id)).toMatchObject({ reason: 'not_yet' });
  await dataSource.query(`UPDATE messages SET retry_at = now() - interval '1 second' WHERE id = $1`, [id]);
  expect((await claimed(id)).attempt).toBe(2);
});

test('a paused model is asked by nobody until its pause ends', async () => {
  const id = await send();
  await claims.pauseModel('gemini-3.5-flash-lite', 60_000);
  await claims.pauseModel('gemini-3.5-flash-lite', 1);
  expect(await claims.claim(id)).toMatchObject({ reason: 'not_yet', attempt: 0 });
  expect(await claims.findOrphans(0, 1_000)).toEqual([]);
  // A moment that is rounded to the millisecond may lie ahead still.
  await dataSource.query(`UPDATE model_pauses SET paused_until = now() - interval '1 second'`);
  expect((await claimed(id)).attempt).toBe(1);
});

test('no pause is longer than GEMINI_MAX_WAIT, and one of an earlier release that is does not hold', async () => {
  const model = 'gemini-3.5-flash-lite';
  const left = async () =>
    Number((await dataSource.query<{ s: string }[]>(`SELECT extract(epoch FROM paused_until - now()) AS s FROM model_pauses`))[0]?.s);
  await claims.pauseModel(model, 1e17);
  expect(await left()).toBeGreaterThan(60);
  expect(await left()).toBeLessThan(121);

  await dataSource.query(`UPDATE model_pauses SET paused_until = now() + interval '1 hour'`);
  const id = await send();
  expect((await claims.findOrphans(0, 1_000)).map(({ replyId }) => replyId)).toContain(id);
  expect((await claimed(id)).attempt).toBe(1);
  await claims.pauseModel(model, 1);
  expect(await left()).toBeLessThan(121);
});

test('a reply that waits for longer than a timer knows can be looked at', async () => {
  const id = await send();
  await dataSource.query(`UPDATE messages SET retry_at = now() + interval '100 years' WHERE id = $1`, [id]);
  expect(await claims.claim(id)).toMatchObject({ reason: 'not_yet', forMs: 2 ** 31 - 1 });
});

describe('a reply whose every try got an error of the servers', () => {
  const FAILED_BY_SERVER: Outcome = { ...FAILED, errorCode: 'model_unavailable', isServerError: true };
  const again = async (id: string, isServerError?: boolean): Promise<Claim> => {
    const failure = {
      delayMs: 0,
      reason: 'model_unavailable',
      wasted: null,
      ...(isServerError === undefined ? {} : { isServerError }),
    } as const;
    await claims.release(await claimed(id), failure);
    return claimed(id);
  };
  /** Whether its turn is left out of what comes after it. */
  const isRefused = async (id: string) => (await paths.findPath(id, { tokens: 1_000, messages: 10 })).at(-1)?.isRefused;
  const completeOther = async () => {
    const other = await createActor(dataSource);
    const { reply } = await messages.sendMessage(other, { chatroomId: await createRoom(dataSource, other), content: 'Hello', key: null });
    await replies.finish(await claimed(reply.id), COMPLETED);
  };

  test('is refused by the model, if others were answered meanwhile', async () => {
    const id = await send();
    const claim = await again(id, true);
    expect(claim.isSuspect).toBe(true);
    await completeOther();
    await replies.finish(claim, FAILED_BY_SERVER);
    expect(await isRefused(id)).toBe(true);
  });

  test('is a sign of an outage, if no other was answered since it was accepted', async () => {
    await completeOther();
    const id = await send();
    await replies.finish(await again(id, true), FAILED_BY_SERVER);
    expect(await isRefused(id)).toBe(false);
  });

  test('is none if one of them failed otherwise; a worker that stopped says nothing', async () => {
    const [mixed, stopped] = [
      await send(),
      (await messages.sendMessage(actor, { chatroomId: await createRoom(dataSource, actor), content: 'Hello', key: null })).reply.id,
    ];
    const mixedClaim = await again(mixed, false);
    expect(mixedClaim.isSuspect).toBe(false);
    const stoppedClaim = await again(stopped);
    await completeOther();
    await replies.finish(mixedClaim, FAILED_BY_SERVER);
    await replies.finish(stoppedClaim, FAILED_BY_SERVER);
    expect([await isRefused(mixed), await isRefused(stopped)]).toEqual([false, true]);
  });
});

test('orphans are the oldest unfinished replies of their rooms that nobody holds', async () => {
  const [first, second] = [await send(), await send()];
  const mine = async () =>
    (await claims.findOrphans(0, 1_000))
      .filter(({ replyId }) => replyId === first || replyId === second)
      .map(({ replyId, attempt }) => ({ replyId, attempt }));
  expect(await mine()).toEqual([{ replyId: first, attempt: 0 }]);
  const claim = await claimed(first);
  expect(await mine()).toEqual([]);
  await expireLease(first);
  expect(await mine()).toEqual([{ replyId: first, attempt: 1 }]);
  expect(await replies.finish(claim, COMPLETED)).toEqual({
    nextReplyId: second,
    summaryTasks: [],
    listVersion: expect.any(Number) as number,
  });
  expect(await mine()).toEqual([{ replyId: second, attempt: 0 }]);
  expect(await claims.findOrphans(60_000, 1_000)).not.toContainEqual(expect.objectContaining({ replyId: second }));
});

test('two replies of a room are never in work at once, also when an older one comes back', async () => {
  const [first, second] = [await send(), await send()];
  await replies.finish(await claimed(first), FAILED);
  await claimed(second);
  await dataSource.query(`UPDATE messages SET status = 'pending', completed_at = NULL, error_code = NULL WHERE id = $1`, [first]);
  expect(await claims.claim(first)).toEqual({ reason: 'earlier_reply' });
});

test('the history stops at the budget, and always holds the message to answer', async () => {
  for (let i = 0; i < 4; i += 1) {
    const { reply } = await messages.sendMessage(actor, { chatroomId: room, content: `Message ${i} ${'x'.repeat(400)}`, key: null });
    await replies.finish(await claimed(reply.id), { ...COMPLETED, content: `Answer ${i} ${'y'.repeat(400)}` });
  }
  const { reply } = await messages.sendMessage(actor, { chatroomId: room, content: 'Last', key: null });
  const claim = await claimed(reply.id);
  expect((await paths.findPath(claim.parentId, { tokens: 1_000_000, messages: 100 })).map(({ content }) => content.slice(0, 9))).toEqual([
    ...[0, 1, 2, 3].flatMap((i) => [`Message ${i}`, `Answer ${i} `.slice(0, 9)]),
    'Last',
  ]);
  expect((await paths.findPath(claim.parentId, { tokens: 250, messages: 100 })).map(({ content }) => content.slice(0, 9))).toEqual([
    'Message 3',
    'Answer 3 ',
    'Last',
  ]);
  expect((await paths.findPath(claim.parentId, { tokens: 1_000_000, messages: 2 })).map(({ content }) => content.slice(0, 9))).toEqual([
    'Answer 3 ',
    'Last',
  ]);
  expect((await paths.findPath(claim.parentId, { tokens: 0, messages: 100 })).map(({ content }) => content)).toEqual(['Last']);
});
