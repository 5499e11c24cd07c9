import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { NotFoundError } from '../../../src/common/errors/common.errors.js';
import { fingerprintOf, type IdempotencyKey } from '../../../src/common/idempotency-key.js';
import { newId } from '../../../src/common/ids.js';
import { IdempotencyKeyReusedError } from '../../../src/database/idempotency-keys.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { DailyLimitReachedError } from '../../../src/modules/messages/messages.errors.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';
import { until } from '../../support/until.js';

let app: TestingModule;
let started: Awaited<ReturnType<typeof startModule>>;
let messages: MessagesService;
let dataSource: DataSource;

beforeAll(async () => {
  started = await startModule([MessagesModule]);
  app = started.module;
  messages = app.get(MessagesService);
  dataSource = app.get(DataSource);
});
afterAll(() => started.close());

const key = (name: string, body: unknown = { content: 'Hello' }): IdempotencyKey => ({
  scope: 'POST /x',
  key: name,
  fingerprint: fingerprintOf(body),
});
const codeOf = (error: unknown): unknown => (error as { definition?: { code?: string } }).definition?.code ?? error;
const usageOf = async (userId: string): Promise<{ day: string; messages: number }[]> =>
  dataSource.query(`SELECT day::text, messages FROM usage_days WHERE user_id = $1`, [userId]);
const countersOf = async (userId: string): Promise<{ unfinished_replies: number; list_version: string }[]> =>
  dataSource.query(`SELECT unfinished_replies, list_version FROM users WHERE id = $1`, [userId]);
const rowsOf = async (
  chatroomId: string,
): Promise<{ id: string; parent_id: string | null; position: number; depth: number; role: string }[]> =>
  dataSource.query(`SELECT id, parent_id, position, depth, role FROM messages WHERE chatroom_id = $1 ORDER BY position`, [chatroomId]);

describe('acceptance', () => {
  test('a message, its pending reply, its unit and the counters are committed together', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    const { message, reply } = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null });
    expect(message).toMatchObject({
      chatroomId: room,
      role: 'user',
      status: 'completed',
      content: 'Hello',
      parentId: null,
      position: 1,
      siblingIds: [message.id],
    });
    expect(reply).toMatchObject({
      role: 'model',
      status: 'pending',
      content: '',
      parentId: message.id,
      position: 2,
      model: 'gemini-3.5-flash-lite',
    });
    const list = await messages.listMessages(actor, { chatroomId: room, start: { branchFrom: null }, count: 10 });
    expect(list).toEqual([reply, message]);
    expect(await usageOf(actor.userId)).toEqual([{ day: new Date().toISOString().slice(0, 10), messages: 1 }]);
    expect(await countersOf(actor.userId)).toEqual([{ unfinished_replies: 1, list_version: '1' }]);
  });

  test('200 concurrent sends of a Basic user: five are accepted, the rest cost nothing', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, () => messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null })),
    );
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => codeOf(reason));
    expect(refused).toEqual(Array.from({ length: 195 }, () => 'daily_limit_reached'));
    expect(await rowsOf(room)).toHaveLength(10);
    expect((await usageOf(actor.userId))[0]?.messages).toBe(5);
    expect((await countersOf(actor.userId))[0]?.unfinished_replies).toBe(5);
  });

  test('64 concurrent sends have 64 parents and follow each other', async () => {
    const actor = await createActor(dataSource, { plan: 'pro' });
    const room = await createRoom(dataSource, actor);
    await Promise.all(Array.from({ length: 64 }, () => messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null })));
    const rows = await rowsOf(room);
    expect(rows.map(({ position }) => position)).toEqual(Array.from({ length: 128 }, (_, i) => i + 1));
    expect(rows.map(({ depth }) => depth)).toEqual(rows.map(({ position }) => position));
    expect(rows.map(({ parent_id }) => parent_id)).toEqual([null, ...rows.slice(0, -1).map(({ id }) => id)]);
    expect(rows.map(({ role }) => role)).toEqual(rows.map((_, i) => (i % 2 === 0 ? 'user' : 'model')));
  });

  test('the limit of unfinished replies is exact, and a refusal leaves no trace', async () => {
    const limited = await startModule([MessagesModule], { MAX_PENDING_REPLIES: '20' });
    try {
      const db = limited.module.get(DataSource);
      const actor = await createActor(db, { plan: 'pro' });
      const room = await createRoom(db, actor);
      const sends = Array.from({ length: 60 }, () =>
        limited.module.get(MessagesService).sendMessage(actor, { chatroomId: room, content: 'Hello', key: null }),
      );
      const refused = (await Promise.allSettled(sends))
        .filter((result) => result.status === 'rejected')
        .map(({ reason }) => codeOf(reason));
      expect(refused).toEqual(Array.from({ length: 40 }, () => 'too_many_pending_replies'));
      const [usage] = await db.query<{ messages: number }[]>(`SELECT messages FROM usage_days WHERE user_id = $1`, [actor.userId]);
      expect(usage?.messages).toBe(20);
    } finally {
      await limited.close();
    }
  });

  test('a limit of 0 refuses the first message too', async () => {
    const closed = await startModule([MessagesModule], { BASIC_DAILY_LIMIT: '0' });
    try {
      const db = closed.module.get(DataSource);
      const actor = await createActor(db);
      const room = await createRoom(db, actor);
      await expect(
        closed.module.get(MessagesService).sendMessage(actor, { chatroomId: room, content: 'Hello', key: null }),
      ).rejects.toMatchObject({
        members: { limit: 0, used: 0 },
      });
      expect(await db.query(`SELECT * FROM usage_days`)).toEqual([]);
    } finally {
      await closed.close();
    }
  });

  test("another user's room and an unknown one are not found", async () => {
    const [owner, stranger] = [await createActor(dataSource), await createActor(dataSource)];
    const room = await createRoom(dataSource, owner);
    await expect(messages.sendMessage(stranger, { chatroomId: room, content: 'Hello', key: null })).rejects.toThrow(NotFoundError);
    await expect(messages.sendMessage(owner, { chatroomId: newId(), content: 'Hello', key: null })).rejects.toThrow(NotFoundError);
    expect(await usageOf(stranger.userId)).toEqual([]);
    expect(await usageOf(owner.userId)).toEqual([]);
  });

  test('rooms deleted under concurrent sends: every counter equals the rows that are left', async () => {
    const actor = await createActor(dataSource, { plan: 'pro' });
    for (let round = 0; round < 5; round += 1) {
      const room = await createRoom(dataSource, actor);
      const sends = Array.from({ length: 12 }, () => messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null }));
      const results = await Promise.allSettled([...sends.slice(0, 6), messages.deleteChatroom(actor, room), ...sends.slice(6)]);
      const reasons = results.filter((result) => result.status === 'rejected').map(({ reason }) => codeOf(reason));
      expect(reasons.filter((code) => code !== 'not_found')).toEqual([]);
      expect(await rowsOf(room)).toEqual([]);
    }
    expect((await countersOf(actor.userId))[0]?.unfinished_replies).toBe(0);
    expect(await usageOf(actor.userId)).toMatchObject([{ messages: 0 }]);
  });

  test('a deletion waits for the day before it takes the owner, as a send does: neither stands in the way of the other', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: null });
    const sender = dataSource.createQueryRunner();
    await sender.startTransaction();
    await sender.query('UPDATE usage_days SET messages = messages + 1 WHERE user_id = $1', [actor.userId]);
    const deleted = messages.deleteChatroom(actor, room);
    await until('it waits', async () => {
      const waiting = await dataSource.query<object[]>(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    await sender.query('SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE NOWAIT', [actor.userId]);
    await sender.commitTransaction();
    await sender.release();
    await deleted;
    expect(await usageOf(actor.userId)).toMatchObject([{ messages: 1 }]);
  });
});

describe('idempotency', () => {
  test('20 concurrent repeats at the fourth of five: one message, one answer', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    for (let i = 0; i < 3; i += 1) await messages.sendMessage(actor, { chatroomId: room, content: 'Before', key: null });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('fourth') })),
    );
    expect(answers.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
    expect(answers).toMatchObject(answers.map(() => ({ message: answers[0]?.message, reply: answers[0]?.reply })));
    expect(await rowsOf(room)).toHaveLength(8);
    expect((await usageOf(actor.userId))[0]?.messages).toBe(4);
  });

  test('a repeat of the fifth of five is answered, not refused', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    for (let i = 0; i < 4; i += 1) await messages.sendMessage(actor, { chatroomId: room, content: 'Before', key: null });
    const first = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('fifth') });
    expect(await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('fifth') })).toEqual({
      ...first,
      isRepeat: true,
    });
  });

  test('the first answer is given again after the reply has been made', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    const first = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('again') });
    await dataSource.query(
      `UPDATE messages SET status = 'completed', content = 'Hi', finish_reason = 'stop', total_tokens = 3, completed_at = now() WHERE id = $1`,
      [first.reply.id],
    );
    expect(await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('again') })).toEqual({
      ...first,
      isRepeat: true,
    });
  });

  test('the same key with another body is refused', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('reused') });
    await expect(
      messages.sendMessage(actor, { chatroomId: room, content: 'Other', key: key('reused', { content: 'Other' }) }),
    ).rejects.toThrow(IdempotencyKeyReusedError);
    expect((await usageOf(actor.userId))[0]?.messages).toBe(1);
  });

  test('a refused request leaves its key free', async () => {
    const actor = await createActor(dataSource);
    const room = await createRoom(dataSource, actor);
    for (let i = 0; i < 5; i += 1) await messages.sendMessage(actor, { chatroomId: room, content: 'Before', key: null });
    await expect(messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('later') })).rejects.toThrow(
      DailyLimitReachedError,
    );
    await dataSource.query(`UPDATE usage_days SET day = day - 1 WHERE user_id = $1`, [actor.userId]);
    const { message } = await messages.sendMessage(actor, { chatroomId: room, content: 'Hello', key: key('later') });
    expect(message.content).toBe('Hello');
  });
});
