import { randomInt } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/common/actor.js';
import { fingerprintOf } from '../../../src/common/idempotency-key.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { ClaimsRepository } from '../../../src/modules/messages/claims.repository.js';
import { FinishingRepository } from '../../../src/modules/messages/finishing.repository.js';
import type { Outcome } from '../../../src/modules/messages/outcomes.js';
import { FairUseService } from '../../../src/modules/messages/usage/fair-use.service.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';

/** The whole history of 131,072 tokens at 4 USD a million, and 8,192 tokens of an answer at 20 USD. */
const REPLY_MICROS = 688_128;
const LIMIT_MICROS = 5_000_000;

let started: Awaited<ReturnType<typeof startModule>>;
let messages: MessagesService;
let claims: ClaimsRepository;
let replies: FinishingRepository;
let dataSource: DataSource;
let actor: Actor;
let room: string;

beforeAll(async () => {
  started = await startModule([MessagesModule], {
    PRO_DAILY_COST_USD: '5',
    BASIC_DAILY_LIMIT: '1000',
    PRO_REASONING: 'none',
    PRO_WEB_SEARCH: 'false',
  });
  messages = started.module.get(MessagesService);
  claims = started.module.get(ClaimsRepository);
  replies = started.module.get(FinishingRepository);
  dataSource = started.module.get(DataSource);
});
beforeEach(async () => {
  actor = await createActor(dataSource, { plan: 'pro' });
  room = await createRoom(dataSource, actor);
});
afterAll(() => started.close());

const send = (to = room, by = actor) => messages.sendMessage(by, { chatroomId: to, content: 'Hello', key: null });

const codeOf = (error: unknown): unknown => (error as { definition?: { code?: string } }).definition?.code ?? error;

/** The codes of the refused ones among so many requests at once. */
const refusalsOf = async (count: number, request: () => Promise<unknown>): Promise<unknown[]> =>
  (await Promise.allSettled(Array.from({ length: count }, request)))
    .filter((result) => result.status === 'rejected')
    .map(({ reason }) => codeOf(reason));

const refusalOf = (request: Promise<unknown>) =>
  request.then(
    () => null,
    (error: unknown) => error as { message: string; members: object; retryAfterSeconds: number },
  );

/** A reply of the default model of Pro costs 1.5 millionths of a dollar a token of its prompt. */
const completed = (micros: number): Outcome => ({
  status: 'completed',
  content: 'Hi',
  finishReason: 'stop',
  blockReason: null,
  errorCode: null,
  usage: { inputTokens: micros / 1.5, outputTokens: 0, reasoningTokens: 0, totalTokens: micros / 1.5, estimated: false },
  wasted: null,
  context: { turns: 1, trimmed: 0, summarised: 0, filesSent: 0, filesOmitted: 0 },
  firstTokenAt: null,
  refund: false,
});

async function finish(replyId: string, outcome: Outcome): Promise<void> {
  const claim = await claims.claim(replyId);
  if ('reason' in claim) throw new Error(`refused: ${claim.reason}`);
  await replies.finish(claim, outcome);
}

async function spend(micros: number): Promise<void> {
  const other = await createRoom(dataSource, actor);
  const { reply } = await send(other);
  await finish(reply.id, completed(micros));
}

const rowsOf = (userId: string) =>
  dataSource.query<object[]>(
    `SELECT u.unfinished_replies, u.list_version, u.spent_micros, (SELECT count(*)::integer FROM messages m WHERE m.user_id = u.id) AS messages,
       (SELECT sum(d.messages)::integer FROM usage_days d WHERE d.user_id = u.id) AS used,
       (SELECT sum(d.cost_micros) FROM user_model_days d WHERE d.user_id = u.id) AS cost
     FROM users u WHERE u.id = $1`,
    [userId],
  );

const midnight = () => new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString();

test('500 sends at once: as many are accepted as the limit allows at the most that each may cost; the rest cost nothing', async () => {
  expect(started.module.get(FairUseService).replyMicros).toBe(REPLY_MICROS);
  const accepted = Math.ceil(LIMIT_MICROS / REPLY_MICROS);
  expect(await refusalsOf(500, () => send())).toEqual(Array.from({ length: 500 - accepted }, () => 'fair_use_limit_reached'));
  expect(await rowsOf(actor.userId)).toEqual([
    { unfinished_replies: accepted, list_version: String(accepted), spent_micros: '0', messages: 2 * accepted, used: accepted, cost: null },
  ]);
});

test('500 sends, edits and regenerations at once past the limit are all refused until midnight UTC, and change nothing', async () => {
  const { message, reply } = await send();
  await finish(reply.id, completed(LIMIT_MICROS - 2));
  await spend(3);
  const before = await rowsOf(actor.userId);
  expect(before).toMatchObject([{ unfinished_replies: 0, spent_micros: String(LIMIT_MICROS + 1), cost: String(LIMIT_MICROS + 1) }]);

  const target = { chatroomId: room, messageId: message.id, key: null };
  const requests = [
    () => send(),
    () => messages.sendMessage(actor, { chatroomId: room, content: 'Hello', parentId: reply.id, key: null }),
    () => messages.editMessage(actor, { ...target, content: 'Hi' }),
    () => messages.regenerateReply(actor, target),
  ];
  for (const request of requests) {
    expect(await refusalsOf(125, request)).toEqual(Array.from({ length: 125 }, () => 'fair_use_limit_reached'));
  }
  const refusal = await refusalOf(send());
  expect(refusal).toMatchObject({
    message: 'The fair use of the Pro plan is used up for this UTC day.',
    members: { resets_at: midnight() },
  });
  expect(Date.now() + (refusal?.retryAfterSeconds ?? 0) * 1_000 - Date.parse(midnight())).toBeGreaterThan(-2_000);
  expect(await rowsOf(actor.userId)).toEqual(before);
});

test('what is only reserved comes back when a reply costs less: the refusal asks to retry soon', async () => {
  await spend(LIMIT_MICROS - REPLY_MICROS - 2);
  const first = await send();
  const second = await send();
  expect(await refusalOf(send())).toMatchObject({
    message: 'The rest of the fair use of this UTC day is reserved for unfinished replies. Retry when one of them has finished.',
    members: { resets_at: midnight() },
    retryAfterSeconds: 5,
  });
  await finish(first.reply.id, completed(3));
  await finish(second.reply.id, completed(3));
  await send();
});

test('sends that race with finished replies never leave more than the limit and one reply', async () => {
  const rooms = await Promise.all(Array.from({ length: 6 }, () => createRoom(dataSource, actor)));
  const lives = rooms.map(async (one) => {
    for (let n = 0; n < 12; n += 1) {
      const sent = await send(one).catch(() => null);
      if (sent) await finish(sent.reply.id, completed(randomInt(1, REPLY_MICROS / 3) * 3));
    }
  });
  await Promise.all(lives);
  const [row] = (await rowsOf(actor.userId)) as { spent_micros: string; cost: string; unfinished_replies: number }[];
  expect(row).toMatchObject({ unfinished_replies: 0, spent_micros: row?.cost });
  expect(Number(row?.spent_micros)).toBeGreaterThan(LIMIT_MICROS / 2);
  expect(Number(row?.spent_micros)).toBeLessThan(LIMIT_MICROS + REPLY_MICROS);
});

test('a repeat past the limit gets its first answer', async () => {
  const key = { scope: 'POST /x', key: 'first', fingerprint: fingerprintOf({ content: 'Hello' }) };
  const first = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key });
  await finish(first.reply.id, completed(LIMIT_MICROS + 1));
  await expect(send()).rejects.toMatchObject({ definition: { code: 'fair_use_limit_reached' } });
  expect(await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key })).toEqual({ ...first, isRepeat: true });
});

test('the limit is that of a UTC day, on the day that a reply is charged to', async () => {
  await spend(LIMIT_MICROS + 1);
  await dataSource.query(`UPDATE users SET spent_day = spent_day - 1 WHERE id = $1`, [actor.userId]);
  const { reply } = await send();
  await dataSource.query(`UPDATE messages SET charged_day = charged_day - 1 WHERE id = $1`, [reply.id]);
  const today = await send(await createRoom(dataSource, actor));
  await finish(today.reply.id, completed(6));
  await finish(reply.id, completed(LIMIT_MICROS + 1));
  expect(await rowsOf(actor.userId)).toMatchObject([{ spent_micros: '6' }]);
  await send();
});

test('it is a limit of the Pro plan alone, and failed replies do not count', async () => {
  const basic = await createActor(dataSource);
  const theirs = await createRoom(dataSource, basic);
  expect(await refusalsOf(20, () => send(theirs, basic))).toEqual([]);

  const { reply } = await send();
  const wasted = { inputTokens: 10_000_000, outputTokens: 0, reasoningTokens: 0 };
  await finish(reply.id, {
    ...completed(0),
    status: 'failed',
    content: '',
    finishReason: 'error',
    errorCode: 'empty_answer',
    usage: null,
    wasted,
    refund: true,
  });
  expect(await rowsOf(actor.userId)).toMatchObject([{ spent_micros: '0' }]);
  await send();
});
