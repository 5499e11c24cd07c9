import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/common/actor.js';
import { ChatroomsService } from '../../../src/modules/chatrooms/index.js';
import { type SummaryClaim, SummariesRepository } from '../../../src/modules/messages/summaries/summaries.repository.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { failed } from '../../../src/modules/messages/outcomes.js';
import { type Claim, ClaimsRepository } from '../../../src/modules/messages/claims.repository.js';
import { FinishingRepository } from '../../../src/modules/messages/finishing.repository.js';
import type { Outcome } from '../../../src/modules/messages/outcomes.js';
import { PathRepository } from '../../../src/modules/messages/path.repository.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';

const COMPLETED: Outcome = {
  status: 'completed',
  content: 'Hi',
  finishReason: 'stop',
  blockReason: null,
  errorCode: null,
  usage: null,
  wasted: null,
  context: { turns: 1, trimmed: 0, summarised: 0, filesSent: 0, filesOmitted: 0 },
  firstTokenAt: null,
  refund: false,
};
const TITLE = {
  content: 'Three days in Kyoto',
  covered: 2,
  model: 'gemini-3.5-flash-lite',
  outcome: 'completed',
  reason: 'stop',
  tokens: { inputTokens: 100, outputTokens: 10, reasoningTokens: 0 },
} as const;
const LEASE_MS = 60_000;

let started: Awaited<ReturnType<typeof startModule>>;
let messages: MessagesService;
let chatrooms: ChatroomsService;
let claims: ClaimsRepository;
let replies: FinishingRepository;
let paths: PathRepository;
let digests: SummariesRepository;
let dataSource: DataSource;
let actor: Actor;
let room: string;

beforeAll(async () => {
  started = await startModule([MessagesModule], { BASIC_DAILY_LIMIT: '1000' });
  messages = started.module.get(MessagesService);
  chatrooms = started.module.get(ChatroomsService, { strict: false });
  claims = started.module.get(ClaimsRepository);
  replies = started.module.get(FinishingRepository);
  paths = started.module.get(PathRepository);
  digests = started.module.get(SummariesRepository);
  dataSource = started.module.get(DataSource);
});
beforeEach(async () => {
  actor = await createActor(dataSource);
  room = await createRoom(dataSource, actor, { name: null });
});
afterAll(() => started.close());

async function claimedReply(): Promise<Claim> {
  const { reply } = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null });
  const claim = await claims.claim(reply.id);
  if ('reason' in claim) throw new Error(`refused: ${claim.reason}`);
  return claim;
}

async function claimedTitle(): Promise<SummaryClaim> {
  const reply = await claimedReply();
  await replies.finish(reply, COMPLETED);
  return claimed({ messageId: reply.replyId, kind: 'title' });
}

async function claimed(digest: Parameters<SummariesRepository['claim']>[0]): Promise<SummaryClaim> {
  const claim = await digests.claim(digest, LEASE_MS);
  if (claim === null) throw new Error('not to be had');
  return claim;
}

const roomNow = async () => {
  const [row] = await dataSource.query<{ name: string | null; list_version: number }[]>(
    `SELECT c.name, u.list_version::integer FROM chatrooms c JOIN users u ON u.id = c.user_id WHERE c.id = $1`,
    [room],
  );
  if (!row) throw new Error('no room');
  return row;
};

describe('a title', () => {
  test('is wanted once, by the first completed reply of a room without a name', async () => {
    await replies.finish(await claimedReply(), failed('model_timeout'));
    const second = await claimedReply();
    expect(await replies.finish(second, COMPLETED)).toEqual({
      nextReplyId: null,
      listVersion: expect.any(Number) as number,
      summaryTasks: [{ messageId: second.replyId, kind: 'title' }],
    });
    expect(await replies.finish(await claimedReply(), COMPLETED)).toEqual({
      nextReplyId: null,
      summaryTasks: [],
      listVersion: expect.any(Number) as number,
    });
    room = await createRoom(dataSource, actor, { name: 'Kyoto' });
    expect(await replies.finish(await claimedReply(), COMPLETED)).toEqual({
      nextReplyId: null,
      summaryTasks: [],
      listVersion: expect.any(Number) as number,
    });
  });

  test('is wanted again by the next completed reply when there was none, and not while it is being made', async () => {
    const first = await claimedTitle();
    await digests.finish(first, { ...TITLE, content: null });
    expect((await roomNow()).name).toBeNull();
    await replies.finish(await claimedReply(), failed('model_timeout'));
    const second = await claimedReply();
    const wanted = [{ messageId: second.replyId, kind: 'title' }];
    expect(await replies.finish(second, COMPLETED)).toEqual({
      nextReplyId: null,
      summaryTasks: wanted,
      listVersion: expect.any(Number) as number,
    });
    expect(await replies.finish(await claimedReply(), COMPLETED)).toEqual({
      nextReplyId: null,
      summaryTasks: [],
      listVersion: expect.any(Number) as number,
    });
    expect(await claimed({ messageId: second.replyId, kind: 'title' })).toMatchObject({ titleRequests: 2 });
  });

  test('is wanted by the next completed reply of a room that an earlier release left without a name', async () => {
    await replies.finish(await claimedReply(), COMPLETED);
    // The state in which its worker leaves the room after an answer without text.
    await dataSource.query(`DELETE FROM digests USING messages m WHERE m.id = message_id AND m.chatroom_id = $1`, [room]);
    await dataSource.query(`UPDATE chatrooms SET title_requests = 0, title_requested_at = now() - interval '1 day' WHERE id = $1`, [room]);
    const reply = await claimedReply();
    const digest = { messageId: reply.replyId, kind: 'title' } as const;
    expect(await replies.finish(reply, COMPLETED)).toEqual({
      nextReplyId: null,
      summaryTasks: [digest],
      listVersion: expect.any(Number) as number,
    });
    expect(await claimed(digest)).toMatchObject({ titleRequests: 1, requestId: null, traceparent: null });
  });

  test('is found by the time of its request, whatever the number of titles that are being made', async () => {
    const plan = await dataSource.query<{ 'QUERY PLAN': string }[]>(
      `EXPLAIN SELECT 1 FROM digests d WHERE d.kind = 'title' AND d.created_at = now()::timestamptz(3)`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('ix_digests_titles');
  });

  test('names the room and changes the list, in one commit', async () => {
    const claim = await claimedTitle();
    const { list_version: before } = await roomNow();
    await digests.finish(claim, TITLE);
    expect(await roomNow()).toEqual({ name: TITLE.content, list_version: before + 1 });
    expect(await dataSource.query(`SELECT * FROM digests WHERE message_id = $1`, [claim.messageId])).toEqual([]);
    await digests.finish(claim, { ...TITLE, content: 'Again' });
    expect(await roomNow()).toEqual({ name: TITLE.content, list_version: before + 1 });
  });

  test('never takes the place of a name that a person gave', async () => {
    const claim = await claimedTitle();
    await chatrooms.updateChatroom(actor, room, { name: 'Mine' });
    await digests.finish(claim, TITLE);
    expect((await roomNow()).name).toBe('Mine');
  });

  test('nor when the person gives it at that very moment', async () => {
    for (let round = 0; round < 20; round += 1) {
      room = await createRoom(dataSource, actor, { name: null });
      const claim = await claimedTitle();
      await Promise.all([chatrooms.updateChatroom(actor, room, { name: 'Mine' }), digests.finish(claim, TITLE)]);
      expect((await roomNow()).name).toBe('Mine');
    }
  });

  test('waits for a person who is about to give a name', async () => {
    const claim = await claimedTitle();
    const person = dataSource.createQueryRunner();
    await person.startTransaction();
    await person.query(`UPDATE chatrooms SET name = 'Mine' WHERE id = $1`, [room]);
    const ended = digests.finish(claim, TITLE);
    await person.commitTransaction();
    await person.release();
    await ended;
    expect((await roomNow()).name).toBe('Mine');
  });
});

describe('a digest', () => {
  test('of 10 claims at once one gets it, and a later one only when its time has come', async () => {
    const reply = await claimedReply();
    await replies.finish(reply, COMPLETED);
    const digest = { messageId: reply.replyId, kind: 'title' } as const;
    const results = await Promise.all(Array.from({ length: 10 }, () => digests.claim(digest, LEASE_MS)));
    expect(results.filter((claim) => claim !== null)).toEqual([
      { ...digest, attempt: 1, plan: 'basic', titleRequests: 1, requestId: null, traceparent: null },
    ]);
    const mine = async () => (await digests.findDue(0, 1_000)).filter(({ messageId }) => messageId === reply.replyId);
    expect(await mine()).toEqual([]);
    await dataSource.query(`UPDATE digests SET due_at = now() - interval '1 second' WHERE message_id = $1`, [reply.replyId]);
    expect(await mine()).toEqual([{ ...digest, attempt: 1 }]);
    const late = { ...digest, attempt: 1, plan: 'basic', titleRequests: 1, requestId: null, traceparent: null } as const;
    const current = await claimed(digest);
    expect(current.attempt).toBe(2);
    await digests.postpone(late, { delayMs: 0, isCounted: true });
    await digests.finish(late, TITLE);
    expect(await digests.claim(digest, LEASE_MS)).toBeNull();
    await digests.postpone(current, { delayMs: 0, isCounted: false });
    expect((await claimed(digest)).attempt).toBe(2);
  });

  test('costs the service and not the user', async () => {
    const claim = await claimedTitle();
    await dataSource.query(`DELETE FROM model_hours`);
    await digests.finish(claim, TITLE);
    expect(
      await dataSource.query(
        `SELECT purpose, outcome, reason, count::integer, input_tokens::integer, cost_micros::integer FROM model_hours`,
      ),
    ).toEqual([{ purpose: 'title', outcome: 'completed', reason: 'stop', count: 1, input_tokens: 100, cost_micros: 55 }]);
    expect(
      await dataSource.query(`SELECT messages, input_tokens::integer FROM user_model_days WHERE user_id = $1`, [actor.userId]),
    ).toEqual([{ messages: 1, input_tokens: 0 }]);
    expect(await dataSource.query(`SELECT messages FROM usage_days WHERE user_id = $1`, [actor.userId])).toEqual([{ messages: 1 }]);
  });

  test('that is a summary belongs to its message, and is found from every branch through it', async () => {
    const first = await claimedReply();
    await replies.finish(first, COMPLETED);
    const second = await claimedReply();
    const ended = await replies.finish(second, COMPLETED, first.replyId);
    expect(ended?.summaryTasks).toEqual([{ messageId: first.replyId, kind: 'summary' }]);
    const third = await claimedReply();
    expect(await paths.findPath(third.parentId, { tokens: 1_000, messages: 100 })).toMatchObject([
      { hasSummary: false },
      { hasSummary: true, summary: null },
      { hasSummary: false },
      {},
      {},
    ]);
    expect((await replies.finish(third, COMPLETED, first.replyId))?.summaryTasks).toEqual([]);
    const claim = await claimed({ messageId: first.replyId, kind: 'summary' });
    await digests.finish(claim, { ...TITLE, content: 'They greet.', covered: 2 });
    const { reply } = await messages.regenerateReply(actor, { chatroomId: room, messageId: second.replyId, key: null });
    const other = await claims.claim(reply.id);
    if ('reason' in other) throw new Error('refused');
    expect((await paths.findPath(other.parentId, { tokens: 1_000, messages: 100 })).map(({ summary }) => summary)).toEqual([
      null,
      { content: 'They greet.', covered: 2 },
      null,
    ]);
    expect(await digests.claim({ messageId: first.replyId, kind: 'summary' }, LEASE_MS)).toBeNull();
  });

  test('goes with its room', async () => {
    const claim = await claimedTitle();
    await messages.deleteChatroom(actor, room);
    await digests.finish(claim, TITLE);
    expect(await dataSource.query(`SELECT * FROM digests WHERE message_id = $1`, [claim.messageId])).toEqual([]);
  });
});
