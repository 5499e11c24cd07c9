import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import type { Actor } from '../../../src/common/actor.js';
import { NotFoundError } from '../../../src/common/errors/common.errors.js';
import { newId } from '../../../src/common/ids.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';
import { findTreeFaults } from '../../support/tree.js';

let started: Awaited<ReturnType<typeof startModule>>;
let app: TestingModule;
let messages: MessagesService;
let dataSource: DataSource;
let actor: Actor;
let room: string;

beforeAll(async () => {
  started = await startModule([MessagesModule], { MAX_PENDING_REPLIES: '100000' });
  app = started.module;
  messages = app.get(MessagesService);
  dataSource = app.get(DataSource);
});
afterAll(() => started.close());

beforeEach(async () => {
  actor = await createActor(dataSource, { plan: 'pro' });
  room = await createRoom(dataSource, actor);
});
afterEach(async () => {
  expect(await findTreeFaults(dataSource)).toEqual([]);
});

const send = (content: string, parentId?: string) => messages.sendMessage(actor, { chatroomId: room, content, key: null, parentId });
const edit = (id: string, content: string) => messages.editMessage(actor, { chatroomId: room, messageId: id, content, key: null });
const regenerate = (id: string) => messages.regenerateReply(actor, { chatroomId: room, messageId: id, key: null });
const activate = (id: string) => messages.activateMessage(actor, { chatroomId: room, messageId: id });
const codeOf = (error: unknown): unknown => (error as { definition?: { code?: string } }).definition?.code ?? error;
const codesOf = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.filter((result) => result.status === 'rejected').map(({ reason }) => codeOf(reason));
const branch = async () =>
  (await messages.listMessages(actor, { chatroomId: room, start: { branchFrom: null }, count: 1_000 })).map(({ id }) => id).reverse();
/** One of several kinds of requests, by turns. */
const byTurns = (i: number, ...kinds: (() => Promise<unknown>)[]) => (kinds[i % kinds.length] as () => Promise<unknown>)();
const usedBy = async ({ userId }: Actor): Promise<{ messages: number }[]> =>
  dataSource.query(`SELECT messages FROM usage_days WHERE user_id = $1`, [userId]);

describe('a branch', () => {
  test('an edit begins one beside the message, also at the root, and becomes the active one', async () => {
    const first = await send('one');
    const second = await send('two');
    const edited = await edit(second.message.id, 'two, edited');
    expect(edited.message).toMatchObject({
      parentId: first.reply.id,
      content: 'two, edited',
      siblingIds: [second.message.id, edited.message.id],
    });
    expect(edited.reply).toMatchObject({ parentId: edited.message.id, status: 'pending', siblingIds: [edited.reply.id] });
    expect(await branch()).toEqual([first.message.id, first.reply.id, edited.message.id, edited.reply.id]);
    const root = await edit(first.message.id, 'one, edited');
    expect(root.message).toMatchObject({ parentId: null, siblingIds: [first.message.id, root.message.id] });
    expect(await branch()).toEqual([root.message.id, root.reply.id]);
    const next = await send('three');
    expect(await branch()).toEqual([root.message.id, root.reply.id, next.message.id, next.reply.id]);
  });

  test('a message is sent after any reply, and goes on with its branch where nothing follows it yet', async () => {
    const first = await send('one');
    const second = await send('two');
    const other = await send('other', first.reply.id);
    expect(other.message.siblingIds).toEqual([second.message.id, other.message.id]);
    const third = await send('three', second.reply.id.toUpperCase());
    expect(third.message).toMatchObject({ parentId: second.reply.id, siblingIds: [third.message.id] });
    expect(await branch()).toEqual([first, second, third].flatMap(({ message, reply }) => [message.id, reply.id]));
    const runs = await dataSource.query<{ runs: string }[]>(`SELECT count(DISTINCT run) AS runs FROM messages WHERE chatroom_id = $1`, [
      room,
    ]);
    expect(runs).toEqual([{ runs: '2' }]);
  });

  test('is activated up to its newest message, over all forks below', async () => {
    const first = await send('one');
    const old = await send('old');
    const oldEdited = await edit(old.message.id, 'old, edited');
    const deep = await send('deep');
    const again = await regenerate(deep.reply.id);
    const elsewhere = await edit(first.message.id, 'elsewhere');
    await activate(first.message.id);
    expect(await branch()).toEqual(
      [first.message, first.reply, oldEdited.message, oldEdited.reply, deep.message, again.reply].map(({ id }) => id),
    );
    await activate(deep.reply.id);
    expect((await branch()).at(-1)).toBe(deep.reply.id);
    await activate(old.message.id);
    expect((await branch()).at(-1)).toBe(old.reply.id);
    const { room: shown } = await activate(elsewhere.message.id);
    expect([shown.id, shown.lastPosition]).toEqual([room, 11]);
    const next = await send('next');
    expect(next.message.parentId).toBe(elsewhere.reply.id);
  });

  test('wants a message of the room, and one of the right kind', async () => {
    const first = await send('one');
    const other = await createRoom(dataSource, actor);
    const foreign = await messages.sendMessage(actor, { chatroomId: other, content: 'there', key: null });
    for (const id of [foreign.reply.id, newId()]) {
      await expect(send('x', id)).rejects.toThrow(NotFoundError);
      await expect(edit(id, 'x')).rejects.toThrow(NotFoundError);
      await expect(activate(id)).rejects.toThrow(NotFoundError);
    }
    await expect(send('x', 'no id')).rejects.toThrow(NotFoundError);
    await expect(send('x', first.message.id).catch((error: unknown) => codeOf(error))).resolves.toBe('not_a_reply');
    await expect(edit(first.reply.id, 'x').catch((error: unknown) => codeOf(error))).resolves.toBe('not_a_user_message');
    const stranger = await createActor(dataSource);
    await expect(messages.activateMessage(stranger, { chatroomId: room, messageId: first.reply.id })).rejects.toThrow(NotFoundError);
    await expect(
      messages.editMessage(stranger, { chatroomId: room, messageId: first.message.id, content: 'x', key: null }),
    ).rejects.toThrow(NotFoundError);
    expect(await usedBy(actor)).toEqual([{ messages: 2 }]);
    expect(await usedBy(stranger)).toEqual([]);
  });

  test('a page goes on along its branch when another one has become active', async () => {
    const sent = [];
    for (let i = 0; i < 4; i += 1) sent.push(await send(`${i}`));
    const [newest] = await messages.listMessages(actor, { chatroomId: room, start: { branchFrom: null }, count: 1 });
    await edit(sent[0]?.message.id ?? '', 'elsewhere');
    const rest = await messages.listMessages(actor, { chatroomId: room, start: { branchFrom: newest?.parentId ?? null }, count: 100 });
    expect(rest.map(({ id }) => id).reverse()).toEqual(sent.flatMap(({ message, reply }) => [message.id, reply.id]).slice(0, -1));
  });
});

describe('concurrently', () => {
  /** Sends as many at once as get a connection within its time limit, also on a slow machine. */
  async function settled(count: number, work: (i: number) => Promise<unknown>): Promise<PromiseSettledResult<unknown>[]> {
    const results: PromiseSettledResult<unknown>[] = [];
    while (results.length < count) {
      const begin = results.length;
      results.push(...(await Promise.allSettled(Array.from({ length: Math.min(40, count - begin) }, (_, i) => work(begin + i)))));
    }
    return results;
  }

  test('150 regenerations of one reply: 99 are accepted, the rest cost nothing', async () => {
    const { message, reply } = await send('one');
    const results = await settled(150, () => regenerate(reply.id));
    expect(codesOf(results)).toEqual(Array.from({ length: 51 }, () => 'too_many_branches'));
    const made = await messages.getMessage(actor, { chatroomId: room, messageId: reply.id });
    expect(made.siblingIds).toHaveLength(100);
    expect(new Set(made.siblingIds).size).toBe(100);
    expect(await branch()).toEqual([message.id, made.siblingIds.at(-1)]);
    expect(await usedBy(actor)).toEqual([{ messages: 100 }]);
  });

  test('60 edits and 60 sends after one reply: 100 siblings at most', async () => {
    const first = await send('one');
    const second = await send('two');
    const results = await settled(120, (i) => (i % 2 === 0 ? edit(second.message.id, `edit ${i}`) : send(`after ${i}`, first.reply.id)));
    expect(codesOf(results)).toEqual(Array.from({ length: 21 }, () => 'too_many_branches'));
    const { siblingIds: siblings } = await messages.getMessage(actor, { chatroomId: room, messageId: second.message.id });
    expect(siblings).toHaveLength(100);
  });

  test('a Basic user’s edits, regenerations and sends: five of them in all', async () => {
    actor = await createActor(dataSource);
    room = await createRoom(dataSource, actor);
    const { message, reply } = await send('one');
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, i) =>
        byTurns(
          i,
          () => edit(message.id, 'x'),
          () => regenerate(reply.id),
          () => send('y', reply.id),
        ),
      ),
    );
    expect(codesOf(results)).toEqual(Array.from({ length: 56 }, () => 'daily_limit_reached'));
    expect(await usedBy(actor)).toEqual([{ messages: 5 }]);
  });

  test('sends after the leaf, with and without naming it, edits and activations keep the tree whole', async () => {
    const first = await send('one');
    for (let round = 0; round < 5; round += 1) {
      const leaf = (await branch()).at(-1) ?? '';
      await Promise.all(
        Array.from({ length: 24 }, (_, i) =>
          byTurns(
            i,
            () => send('plain'),
            () => send('named', leaf),
            () => edit(first.message.id, 'edit'),
            () => activate(first.reply.id),
          ),
        ),
      );
    }
    expect(await messages.listMessages(actor, { chatroomId: room, start: { allBelow: null }, count: 1_000 })).toHaveLength(2 + 5 * 18 * 2);
  });
});
