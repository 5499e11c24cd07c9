/**
 * What the context of a reply costs in rooms of different sizes, and how many replies can be accepted, claimed and
 * ended in a second while each counts itself. Needs an empty database.
 *
 *     npm run build && npx swc bench --out-dir dist
 *     node tools/with-database.mjs sh -c 'node dist/bench/context.js "$DATABASE_URL"'
 */
import { NestFactory } from '@nestjs/core';
import { randomInt } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { Actor } from '../src/common/actor.js';
import { newId } from '../src/common/ids.js';
import { ConfigModule } from '../src/config/config.module.js';
import { loadConfig } from '../src/config/env.js';
import { DatabaseModule } from '../src/database/database.module.js';
import { AcceptanceService } from '../src/modules/messages/acceptance.service.js';
import { chooseContext, historyLimits } from '../src/modules/messages/context.js';
import { MessagesModule } from '../src/modules/messages/index.js';
import { ClaimsRepository } from '../src/modules/messages/claims.repository.js';
import { FinishingRepository } from '../src/modules/messages/finishing.repository.js';
import type { Outcome } from '../src/modules/messages/outcomes.js';
import { PathRepository } from '../src/modules/messages/path.repository.js';
import { QueueModule } from '../src/queue/queue.module.js';
import { StreamsModule } from '../src/streams/streams.module.js';

const ROUNDS = 200;
const CHUNK = 5_000;
const AT_ONCE = 64;
const EXCHANGES = 6_000;

const config = loadConfig({ source: { DATABASE_URL: process.argv[2], DATABASE_POOL_SIZE: '32', BASIC_DAILY_LIMIT: '1000000' } });
class Bench {}
const app = await NestFactory.createApplicationContext(
  { module: Bench, imports: [ConfigModule.forRoot(config), DatabaseModule, QueueModule, StreamsModule, MessagesModule] },
  { logger: ['error'] },
);
const dataSource = app.get(DataSource);
const claims = app.get(ClaimsRepository, { strict: false });
const replies = app.get(FinishingRepository, { strict: false });
const paths = app.get(PathRepository, { strict: false });
const acceptance = app.get(AcceptanceService, { strict: false });

async function createActor(): Promise<Actor> {
  const userId = newId();
  await dataSource.query(`INSERT INTO users (id, username, mobile_number) VALUES ($1, $2, $3)`, [
    userId,
    `u${userId.replaceAll('-', '').slice(-24)}`,
    `+1${randomInt(2_000_000_000, 9_999_999_999)}`,
  ]);
  return { userId, sessionId: newId(), role: 'user', isVerified: true, plan: 'basic', listVersion: '0' };
}

async function createRoom({ userId }: Actor): Promise<string> {
  const id = newId();
  await dataSource.query(`INSERT INTO chatrooms (id, user_id, name) VALUES ($1, $2, 'Bench')`, [id, userId]);
  return id;
}

/** @returns the id of the last message of a room with one branch */
async function talkOf(size: number, text: string): Promise<string> {
  const actor = await createActor();
  const room = await createRoom(actor);
  for (let from = 1; from <= size; from += CHUNK) {
    await dataSource.query(
      `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, completed_at)
       SELECT md5($1 || n)::uuid, $1::uuid, $2, n, n, 1, CASE WHEN n > 1 THEN md5($1 || (n - 1))::uuid END,
         CASE n % 2 WHEN 1 THEN 'user' ELSE 'model' END, 'completed', $5::text || n, now()
       FROM generate_series($3::integer, $4::integer) AS n`,
      [room, actor.userId, from, Math.min(size, from + CHUNK - 1), text],
    );
  }
  const [last] = await dataSource.query<{ id: string }[]>(`SELECT md5($1 || $2::integer)::uuid AS id`, [room, size]);
  return last?.id ?? '';
}

async function measure(work: () => Promise<unknown>): Promise<string> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = performance.now();
    await work();
    took.push(performance.now() - begin);
  }
  took.sort((a, b) => a - b);
  const at = (part: number) => (took[Math.floor(ROUNDS * part)] ?? NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

for (const [plan, tokens] of [
  ['Basic', config.BASIC_CONTEXT_TOKENS],
  ['Pro', config.PRO_CONTEXT_TOKENS],
] as const) {
  for (const [size, text, kind] of [
    [99, 'word '.repeat(80), '100 tokens'],
    [9_999, 'word '.repeat(80), '100 tokens'],
    [99_999, 'word '.repeat(80), '100 tokens'],
    [99_999, 'x', 'a few letters'],
  ] as const) {
    const last = await talkOf(size, text);
    await dataSource.query('ANALYZE messages');
    const limits = historyLimits(tokens);
    const { turns } = chooseContext(await paths.findPath(last, limits), limits);
    const cost = await measure(() => paths.findPath(last, limits));
    console.log(`${plan}, a room of ${size} messages of ${kind}: ${turns.length} turns, ${cost}`);
  }
}

const OUTCOME: Outcome = {
  status: 'completed',
  content: 'word '.repeat(80),
  finishReason: 'stop',
  blockReason: null,
  errorCode: null,
  usage: { inputTokens: 1_000, outputTokens: 100, reasoningTokens: 0, totalTokens: 1_100, estimated: false },
  wasted: null,
  context: { turns: 1, trimmed: 0, summarised: 0 },
  firstTokenAt: new Date(),
  refund: false,
};
const rooms = await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    const actor = await createActor();
    return { userId: actor.userId, chatroomId: await createRoom(actor) };
  }),
);
const begin = performance.now();
const ends: number[] = [];
await Promise.all(
  rooms.map(async (room) => {
    for (let i = 0; i < EXCHANGES / AT_ONCE; i += 1) {
      const { replyId } = await acceptance.acceptMessage({ ...room, messageId: newId(), replyId: newId(), content: 'Hello', key: null });
      const claim = await claims.claim(replyId);
      if ('reason' in claim) throw new Error(claim.reason);
      const end = performance.now();
      await replies.finish(claim, OUTCOME);
      ends.push(performance.now() - end);
    }
  }),
);
ends.sort((a, b) => a - b);
const seconds = (performance.now() - begin) / 1_000;
const [row] = await dataSource.query<{ count: number }[]>(
  `SELECT sum(count)::integer AS count FROM model_hours WHERE outcome = 'completed'`,
);
console.log(
  `${AT_ONCE} at once: ${Math.round(ends.length / seconds)} exchanges a second; the end of a reply takes p50 ${ends[ends.length >> 1]?.toFixed(1) ?? ''} ms,`,
  `p99 ${ends[Math.floor(ends.length * 0.99)]?.toFixed(1) ?? ''} ms; ${row?.count ?? 0} of ${ends.length} counted`,
);
await app.close();
