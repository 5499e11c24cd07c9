import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { newId } from '../../../src/common/ids.js';
import { declaredStatements } from '../../../src/database/statement.js';
import { ChatroomsService } from '../../../src/modules/chatrooms/index.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { ClaimsRepository } from '../../../src/modules/messages/claims.repository.js';
import { PathRepository } from '../../../src/modules/messages/path.repository.js';
import { INDEX_BLOCK } from '../../../src/modules/messages/search/marked-words.js';
import { SearchService } from '../../../src/modules/messages/search/search.service.js';
import { createActor, createRoom } from '../../factories/index.js';
import { isFullSize } from '../../support/full-size.js';
import { createManyMessages, type ManyMessages } from '../../support/many-messages.js';
import { startModule } from '../../support/module.js';
import { explain, type PlanSummary } from '../../support/plans.js';
import { recordQueries } from '../../support/statements.js';

// Queries of a large database are answered from indexes, and read as many rows as they need, not as many as there are.

let started: Awaited<ReturnType<typeof startModule>>;
let app: TestingModule;
let dataSource: DataSource;
let messages: MessagesService;
let many: ManyMessages;

beforeAll(async () => {
  started = await startModule([MessagesModule], isFullSize ? { DATABASE_POOL_SIZE: '2' } : {});
  app = started.module;
  dataSource = app.get(DataSource);
  messages = app.get(MessagesService);
  many = await createManyMessages(dataSource, isFullSize ? 1_000_000 : 60_000);
});
afterAll(() => started.close());

/** The plans of the statement of this name among those that `work` sends. */
async function plansOf(name: string, work: () => Promise<unknown>): Promise<{ custom: PlanSummary; generic: PlanSummary }> {
  const query = (await recordQueries(work)).find((candidate) => candidate.name === name);
  if (!query) throw new Error(`${name} was not sent`);
  const parameters = Object.keys(declaredStatements().find((declared) => declared.name === name)?.parameters ?? {});
  const values = query.values.map((value, i) => {
    if (!NEW_IDS.has(parameters[i] ?? '')) return value;
    return Array.isArray(value) ? value.map(() => newId()) : newId();
  });
  return explain(dataSource, { ...query, values });
}

/** Parameters of what was made by then: to be made once more, it has to be new. */
const NEW_IDS = new Set(['message_id', 'reply_id', 'message_ids', 'reply_ids']);

const send = (content = 'the next') => messages.sendMessage(many.actor, { chatroomId: many.longRoom, content, key: null });
/** The first message of a user's day, which is accepted alone. */
const sendFirst = async () => {
  const actor = await createActor(dataSource);
  return messages.sendMessage(actor, { chatroomId: await createRoom(dataSource, actor), content: 'the first', key: null });
};
/** Messages of two users that arrive together are accepted by one statement. */
const sendWithAnother = async () => {
  const actor = await createActor(dataSource, { plan: 'pro' });
  const room = await createRoom(dataSource, actor);
  await messages.sendMessage(actor, { chatroomId: room, content: 'the first', key: null });
  return Promise.all([send(), messages.sendMessage(actor, { chatroomId: room, content: 'the next', key: null })]);
};
const search = (q: string) => app.get(SearchService).searchMessages(many.actor, { q, after: null, count: 21 });
const leafOf = async () =>
  (await messages.listMessages(many.actor, { chatroomId: many.longRoom, start: { branchFrom: null }, count: 1 }))[0]?.id ?? '';

test('the context of a reply is read along its path, as far as the budget goes', async () => {
  const claims = app.get(ClaimsRepository);
  const paths = app.get(PathRepository);
  const { reply } = await send();
  await dataSource.query(`UPDATE messages SET status = 'cancelled', completed_at = now() WHERE status = 'pending' AND id <> $1`, [
    reply.id,
  ]);
  const plans = await plansOf('replies_path', async () => {
    const claim = await claims.claim(reply.id);
    if (!('parentId' in claim)) throw new Error(`not claimed: ${claim.reason}`);
    const path = await paths.findPath(claim.parentId, { tokens: 1_000, messages: 1_000 });
    expect(path.length).toBeGreaterThan(10);
    expect(path.length).toBeLessThan(200);
  });
  for (const plan of [plans.custom, plans.generic]) {
    expect(plan.seqScans).toEqual([]);
    expect(plan.messagesRead).toBeLessThanOrEqual(400);
  }
});

// The name of the statement, what sends it, the index that it must use, and how many rows of messages it may look at.
const statements: [name: string, work: () => Promise<unknown>, index: string, rows: number][] = [
  [
    'chatrooms_list',
    () => app.get(ChatroomsService).listChatrooms(many.actor, { archived: false, q: null, after: null, count: 21 }),
    'ix_chatrooms_list',
    21,
  ],
  [
    'chatrooms_names',
    () => app.get(ChatroomsService).listChatrooms(many.actor, { archived: false, q: 'nowhere', after: null, count: 21 }),
    'ix_chatrooms_list',
    0,
  ],
  ['messages_find_outdated_words', () => app.get(SearchService).renewOutdatedWords(0), 'ix_messages_outdated_words', 0],
  [
    'messages_list_branch',
    () => messages.listMessages(many.actor, { chatroomId: many.longRoom, start: { branchFrom: null }, count: 21 }),
    'pk_messages',
    100,
  ],
  [
    'messages_list_all',
    () => messages.listMessages(many.actor, { chatroomId: many.longRoom, start: { allBelow: null }, count: 21 }),
    'uq_messages_position',
    100,
  ],
  [
    'messages_find',
    async () => messages.getMessage(many.actor, { chatroomId: many.longRoom, messageId: await leafOf() }),
    'pk_messages',
    10,
  ],
  ['messages_accept_batch', sendWithAnother, 'pk_chatrooms', 0],
  ['messages_accept', () => sendFirst(), 'pk_chatrooms', 0],
  [
    'messages_accept_branch',
    () => messages.editMessage(many.actor, { chatroomId: many.longRoom, messageId: many.root, content: 'the other', key: null }),
    'ix_messages_roots',
    10,
  ],
  [
    'messages_accept_reply',
    () => messages.regenerateReply(many.actor, { chatroomId: many.longRoom, messageId: many.root, key: null }),
    'ix_messages_parent',
    10,
  ],
  [
    'messages_activate',
    () => messages.activateMessage(many.actor, { chatroomId: many.longRoom, messageId: many.root }),
    'ix_messages_forks',
    20,
  ],
  ['messages_search', () => search('rare'), 'ix_messages_words', 6_000],
  ['messages_search', () => search('the wide123'), 'ix_messages_words', 6_000],
];

test.each(statements)('%s is answered from an index (%#)', async (name, work, index, rows) => {
  const { custom, generic } = await plansOf(name, work);
  for (const plan of [custom, generic]) {
    expect(plan.seqScans).toEqual([]);
    expect(plan.indexes).toContain(index);
    expect(plan.messagesRead).toBeLessThanOrEqual(rows);
  }
});

test('a word of every message costs no more than two index blocks, and a rare one a look into the index for each block', async () => {
  const [owner] = await dataSource.query<{ blocks: number }[]>(
    `SELECT indexed_messages / ${INDEX_BLOCK} + 1 AS blocks FROM users WHERE id = $1`,
    [many.actor.userId],
  );
  const blocks = owner?.blocks ?? 0;
  expect(blocks).toBeGreaterThan(5);
  for (const q of ['the', 'the wi', 'w']) {
    const { custom, generic } = await plansOf('messages_search', () => search(q));
    for (const plan of [custom, generic]) {
      expect(plan.seqScans).toEqual([]);
      expect(plan.lookUps['ix_messages_words']).toBeLessThanOrEqual(2);
      // Less than a thousand messages of the newest block, and all of the block before; then the page that is shown,
      // with the siblings of its messages.
      expect(plan.messagesRead).toBeLessThanOrEqual(1_000 + INDEX_BLOCK + 100);
    }
  }
  const { custom, generic } = await plansOf('messages_search', () => search('nowhere'));
  for (const plan of [custom, generic]) {
    expect(plan.seqScans).toEqual([]);
    expect(plan.lookUps['ix_messages_words']).toBe(blocks);
    expect(plan.messagesRead).toBe(0);
  }
});
