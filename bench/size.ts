import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { startEmbeddedPostgres } from '../src/apps/local/postgres/embedded-postgres.js';
import { ChatroomsService } from '../src/modules/chatrooms/index.js';
import { historyLimits } from '../src/modules/messages/context.js';
import { MessagesModule, MessagesService } from '../src/modules/messages/index.js';
import { PathRepository } from '../src/modules/messages/path.repository.js';
import { SearchService } from '../src/modules/messages/search/search.service.js';
import { createManyMessages } from '../test/support/many-messages.js';
import { startModule } from '../test/support/module.js';
import { type Measured, quantile } from './results.js';
import { POSTGRES_SETTINGS } from './system.js';

const SMALL = 1_000;
const ROUNDS = 400;

/** Milliseconds (p50), by what is done. */
type Times = ReadonlyMap<string, number>;

/** Measures the statements of conversations among many messages, beside the same among a thousand. */
export async function measureSize(messages: number): Promise<Measured[]> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'bench-size-'));
  const postgres = await startEmbeddedPostgres({
    dataDirectory,
    temporary: true,
    settings: { ...POSTGRES_SETTINGS, shared_buffers: '2GB' },
  });
  process.env['TEST_POSTGRES_URL'] = postgres.connectionString('postgres');
  process.env['TEST_RUN'] = 'bench';
  try {
    // The first run is for the compilers.
    await timesAmong(SMALL);
    const [small, large] = [await timesAmong(SMALL), await timesAmong(messages)];
    return [...large].flatMap(([what, ms]): Measured[] => {
      const few = small.get(what) ?? NaN;
      const isBounded = BOUNDED.has(what);
      return [
        { what: `${what} among ${messages.toLocaleString('en')} messages, p50`, value: ms, unit: 'ms', target: null },
        {
          what: `${what}: ${messages.toLocaleString('en')} messages beside ${SMALL.toLocaleString('en')}`,
          value: ms / few,
          unit: '×',
          target: isBounded ? { is: '≤', limit: 1.2, remedy: SIZE_REMEDY } : null,
        },
      ];
    });
  } finally {
    await postgres.stop();
  }
}

const SIZE_REMEDY = 'Indexes of so many rows do not stay in the memory of the processor; the plans are the same (EXPLAIN tests).';

/** What must not depend on the number of messages. */
const BOUNDED: ReadonlySet<string> = new Set(['list of chatrooms', 'list of a branch', 'list of all branches', 'accept']);

async function timesAmong(messages: number): Promise<Times> {
  const started = await startModule([MessagesModule], { MAX_PENDING_REPLIES: '100000' });
  try {
    const app = started.module;
    const dataSource = app.get(DataSource);
    const { actor, longRoom } = await createManyMessages(dataSource, messages);
    const [service, chatrooms, search] = [app.get(MessagesService), app.get(ChatroomsService), app.get(SearchService)];
    const paths = app.get(PathRepository);
    const leaf = (await service.listMessages(actor, { chatroomId: longRoom, start: { branchFrom: null }, count: 1 }))[0]?.id ?? '';
    const send = () => service.sendMessage(actor, { chatroomId: longRoom, content: 'What is the next?', key: null });
    const times = new Map<string, number>();
    const measure = async (what: string, work: () => Promise<unknown>) => times.set(what, await timeOf(work));
    await measure('list of chatrooms', () => chatrooms.listChatrooms(actor, { archived: false, q: null, after: null, count: 21 }));
    await measure('list of a branch', () => service.listMessages(actor, { chatroomId: longRoom, start: { branchFrom: leaf }, count: 21 }));
    await measure('list of all branches', () =>
      service.listMessages(actor, { chatroomId: longRoom, start: { allBelow: null }, count: 21 }),
    );
    await measure('accept', send);
    await measure('search for a word of every message', () => search.searchMessages(actor, { q: 'the', after: null, count: 21 }));
    await measure('search for a word that is nowhere', () => search.searchMessages(actor, { q: 'nowhere', after: null, count: 21 }));
    await measure('context of 32,768 tokens', () => paths.findPath(leaf, historyLimits(32_768)));
    return times;
  } finally {
    await started.close();
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const begin = performance.now();
    await work();
    took.push(performance.now() - begin);
  }
  return quantile(took, 0.5);
}
