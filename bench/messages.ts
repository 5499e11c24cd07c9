/**
 * What the statements of conversations take on a database of many messages, with everything in memory: generates them
 * in a PostgreSQL of its own and prints the milliseconds of SQL, as the client waits for them, of each.
 *
 *     npx swc src migrations test/support test/factories bench --out-dir dist
 *     node dist/bench/messages.js [messages] [rounds]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { startEmbeddedPostgres } from '../src/apps/local/postgres/embedded-postgres.js';
import { ChatroomsService } from '../src/modules/chatrooms/index.js';
import { historyLimits } from '../src/modules/messages/context.js';
import { MessagesModule, MessagesService } from '../src/modules/messages/index.js';
import { ClaimsRepository } from '../src/modules/messages/claims.repository.js';
import { PathRepository } from '../src/modules/messages/path.repository.js';
import { SearchService } from '../src/modules/messages/search/search.service.js';
import { createManyMessages } from '../test/support/many-messages.js';
import { startModule } from '../test/support/module.js';

const [count = 1_000_000, rounds = 200] = process.argv.slice(2).map(Number);

const dataDirectory = mkdtempSync(join(tmpdir(), 'bench-messages-'));
const postgres = await startEmbeddedPostgres({ dataDirectory, settings: { shared_buffers: '2GB', max_wal_size: '4GB' } });
process.env['TEST_POSTGRES_URL'] = postgres.connectionString('postgres');
process.env['TEST_RUN'] = 'bench';
const started = await startModule([MessagesModule], { MAX_PENDING_REPLIES: '100000' });
const app = started.module;
try {
  const dataSource = app.get(DataSource);
  const begin = performance.now();
  const { actor, longRoom, root } = await createManyMessages(dataSource, count);
  console.log(`${count} messages in ${Math.round((performance.now() - begin) / 1_000)} s`);
  const [messages, chatrooms, search] = [app.get(MessagesService), app.get(ChatroomsService), app.get(SearchService)];
  const claims = app.get(ClaimsRepository);
  const paths = app.get(PathRepository);
  const leaf = (await messages.listMessages(actor, { chatroomId: longRoom, start: { branchFrom: null }, count: 1 }))[0]?.id ?? '';
  const works: [string, () => Promise<unknown>][] = [
    ['list of chatrooms', () => chatrooms.listChatrooms(actor, { archived: false, q: null, after: null, count: 21 })],
    ['list of a branch', () => messages.listMessages(actor, { chatroomId: longRoom, start: { branchFrom: leaf }, count: 21 })],
    ['list of all branches', () => messages.listMessages(actor, { chatroomId: longRoom, start: { allBelow: null }, count: 21 })],
    ['search: a rare word', () => search.searchMessages(actor, { q: 'rare', after: null, count: 21 })],
    ['search: a word of every message', () => search.searchMessages(actor, { q: 'the', after: null, count: 21 })],
    ['search: the beginning of many words', () => search.searchMessages(actor, { q: 'the wi', after: null, count: 21 })],
    ['search: a word that is nowhere', () => search.searchMessages(actor, { q: 'nowhere', after: null, count: 21 })],
    ['accept: send', () => messages.sendMessage(actor, { chatroomId: longRoom, content: 'What is the next?', key: null })],
    [
      'accept: send after a reply',
      () => messages.sendMessage(actor, { chatroomId: longRoom, content: 'What else?', key: null, parentId: leaf }),
    ],
    ['activate', () => messages.activateMessage(actor, { chatroomId: longRoom, messageId: root })],
  ];
  for (const [name, work] of works) await measure(name, Math.min(rounds, name.includes('after') ? 90 : rounds), work);
  const { reply } = await messages.sendMessage(actor, { chatroomId: longRoom, content: 'the last', key: null, parentId: leaf });
  await dataSource.query(`UPDATE messages SET status = 'cancelled', completed_at = now() WHERE status = 'pending' AND id <> $1`, [
    reply.id,
  ]);
  const claim = await claims.claim(reply.id);
  if ('parentId' in claim) {
    await measure('context: 32,768 tokens', rounds, () => paths.findPath(claim.parentId, historyLimits(32_768)));
    await measure('context: 131,072 tokens', rounds, () => paths.findPath(claim.parentId, historyLimits(131_072)));
  }
} finally {
  await started.close();
  await postgres.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}

async function measure(name: string, times: number, work: () => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const begin = performance.now();
    await work();
    took.push(performance.now() - begin);
  }
  took.sort((a, b) => a - b);
  const at = (part: number) => (took[Math.floor(took.length * part)] ?? NaN).toFixed(1);
  console.log(`${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
}
