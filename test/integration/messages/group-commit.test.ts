import { DataSource } from 'typeorm';
import type { Actor, Plan } from '../../../src/common/actor.js';
import { fingerprintOf, type IdempotencyKey } from '../../../src/common/idempotency-key.js';
import { newId } from '../../../src/common/ids.js';
import { MessagesModule, MessagesService } from '../../../src/modules/messages/index.js';
import { createActor, createRoom } from '../../factories/index.js';
import { startModule } from '../../support/module.js';
import { recordQueries } from '../../support/statements.js';
import { until } from '../../support/until.js';

// Two processes accept messages of the same database: each has a pool and batches of its own.

const MAX_PENDING = 300;
const SETTINGS = { MAX_PENDING_REPLIES: String(MAX_PENDING) };

let one: Awaited<ReturnType<typeof startModule>>;
let other: Awaited<ReturnType<typeof startModule>>;
let dataSource: DataSource;
let processes: readonly [MessagesService, MessagesService];

beforeAll(async () => {
  one = await startModule([MessagesModule], SETTINGS);
  dataSource = one.module.get(DataSource);
  const { url } = dataSource.options as { url?: string };
  other = await startModule([MessagesModule], { ...SETTINGS, DATABASE_URL: url ?? '' });
  processes = [one.module.get(MessagesService), other.module.get(MessagesService)];
});
afterAll(async () => {
  await other.close();
  await one.close();
});

interface Sender {
  readonly actor: Actor;
  readonly room: string;
}

/** A user who has sent a message today: the first one of a day is accepted alone. */
async function createSender(plan: Plan = 'pro'): Promise<Sender> {
  const actor = await createActor(dataSource, { plan });
  const sender = { actor, room: await createRoom(dataSource, actor) };
  await send(sender);
  return sender;
}

const createSenders = (count: number) => Promise.all(Array.from({ length: count }, () => createSender()));
const send = ({ actor, room }: Sender, { key = null, by = 0 }: { key?: IdempotencyKey | null; by?: number } = {}) =>
  (by % 2 === 0 ? processes[0] : processes[1]).sendMessage(actor, { chatroomId: room, content: 'Hello', key });
const keyOf = (name: string): IdempotencyKey => ({ scope: 'POST /x', key: name, fingerprint: fingerprintOf({ content: 'Hello' }) });
const codeOf = (error: unknown): unknown => (error as { definition?: { code?: string } }).definition?.code ?? error;

async function verdictsOf(sends: readonly Promise<{ isRepeat: boolean }>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(sends);
  return results.map((result) => {
    if (result.status === 'rejected') return codeOf(result.reason);
    return result.value.isRepeat ? 'repeat' : 'accepted';
  });
}

const tally = (verdicts: readonly unknown[]) =>
  verdicts.reduce<Record<string, number>>((counts, verdict) => ({ ...counts, [String(verdict)]: (counts[String(verdict)] ?? 0) + 1 }), {});

/** The names of the accept statements that `work` sends, in order. */
const acceptStatementsOf = async (work: () => Promise<unknown>) =>
  (await recordQueries(work)).flatMap(({ name }) => (name !== null && /^messages_accept(?:_batch)?$/.test(name) ? [name] : []));

async function rowsOf(room: string) {
  return dataSource.query<{ id: string; parent_id: string | null; position: number; depth: number; run: number; role: string }[]>(
    `SELECT id, parent_id, position, depth, run, role FROM messages WHERE chatroom_id = $1 ORDER BY position`,
    [room],
  );
}

/** One branch without gaps, on which messages and replies take turns. */
async function expectOneBranch(room: string, exchanges: number): Promise<void> {
  const rows = await rowsOf(room);
  expect(rows.map(({ position }) => position)).toEqual(Array.from({ length: exchanges * 2 }, (_, i) => i + 1));
  expect(rows.map(({ depth }) => depth)).toEqual(rows.map(({ position }) => position));
  expect(rows.map(({ parent_id }) => parent_id)).toEqual([null, ...rows.slice(0, -1).map(({ id }) => id)]);
  expect(new Set(rows.map(({ run }) => run))).toEqual(new Set([1]));
}

/** What is counted of every user, and of the hours, is what was accepted. */
async function expectExactCounts(): Promise<void> {
  const wrong = await dataSource.query<object[]>(
    `SELECT u.id, u.unfinished_replies, u.indexed_messages, u.list_version, d.messages, m.replies FROM users u
     LEFT JOIN (SELECT user_id, sum(messages)::integer AS messages FROM usage_days GROUP BY user_id) d ON d.user_id = u.id
     CROSS JOIN LATERAL (SELECT count(*)::integer AS replies, coalesce(sum(octet_length(content)), 0) AS bytes FROM messages r
       WHERE r.user_id = u.id AND r.role = 'model') m
     WHERE (u.unfinished_replies, u.indexed_messages, u.list_version, coalesce(d.messages, 0)) IS DISTINCT FROM (m.replies, m.replies, m.replies, m.replies)
        OR u.stored_bytes <> m.replies * octet_length('Hello')`,
  );
  expect(wrong).toEqual([]);
  const [counts] = await dataSource.query<object[]>(
    `SELECT (SELECT sum(count) FROM model_hours WHERE outcome = 'accepted') AS counted, (SELECT count(*) FROM messages WHERE role = 'model') AS accepted`,
  );
  expect(counts).toMatchObject({ counted: (counts as { accepted: string }).accepted });
}

/** A transaction that holds a row until `release`. */
async function holdRow(sql: string, values: unknown[]): Promise<{ release(): Promise<void> }> {
  const holder = dataSource.createQueryRunner();
  await holder.startTransaction();
  await holder.query(sql, values);
  return {
    release: async () => {
      await holder.rollbackTransaction();
      await holder.release();
    },
  };
}

describe('group commit', () => {
  test('messages that arrive together are accepted by one statement', async () => {
    const senders = await createSenders(20);
    const statements = await acceptStatementsOf(() => Promise.all(senders.map((sender) => send(sender))));
    expect(statements).toEqual(['messages_accept_batch']);
    for (const { room } of senders) await expectOneBranch(room, 2);
    await expectExactCounts();
  });

  test('a single message is accepted by the statement of one', async () => {
    const sender = await createSender();
    expect(await acceptStatementsOf(() => send(sender))).toEqual(['messages_accept']);
  });

  test('a message is answered as if it was accepted alone', async () => {
    const [sender, other] = await createSenders(2);
    if (!sender || !other) throw new Error('two senders');
    const [{ message, reply, isRepeat }] = await Promise.all([send(sender), send(other)]);
    expect(isRepeat).toBe(false);
    expect(await processes[1].listMessages(sender.actor, { chatroomId: sender.room, start: { branchFrom: null }, count: 2 })).toEqual([
      reply,
      message,
    ]);
    const [words] = await dataSource.query<object[]>(`SELECT words::text, words_version FROM messages WHERE id = $1`, [message.id]);
    expect(words).toEqual({ words: `'${sender.actor.userId.slice(-12)}0000hello':1`, words_version: 2 });
  });

  test('each message has a verdict of its own: those that are refused do not touch the others', async () => {
    const [accepted, keyed, stranger] = await createSenders(3);
    const used = await createSender('basic');
    for (let i = 1; i < 5; i += 1) await send(used);
    const full = await createSender();
    await dataSource.query(`UPDATE users SET unfinished_replies = $2 WHERE id = $1`, [full.actor.userId, MAX_PENDING]);
    const fresh = await createActor(dataSource);
    if (!accepted || !keyed || !stranger) throw new Error('three senders');
    const first = await send(keyed, { key: keyOf('verdict') });
    const sends = [
      send(accepted),
      send(used),
      send({ actor: stranger.actor, room: accepted.room }),
      send(keyed, { key: keyOf('verdict') }),
      send(full),
      send({ actor: fresh, room: newId() }),
      send({ actor: fresh, room: await createRoom(dataSource, fresh) }),
    ];
    expect(await verdictsOf(sends)).toEqual([
      'accepted',
      'daily_limit_reached',
      'not_found',
      'repeat',
      'too_many_pending_replies',
      'not_found',
      'accepted',
    ]);
    expect((await sends[3])?.message).toEqual(first.message);
    await dataSource.query(`UPDATE users SET unfinished_replies = 1 WHERE id = $1`, [full.actor.userId]);
    await expectExactCounts();
  });

  test.each([
    ['user', `SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE`],
    ['day', `SELECT 1 FROM usage_days WHERE user_id = $1 FOR NO KEY UPDATE`],
    ['room', `SELECT 1 FROM chatrooms WHERE user_id = $1 FOR NO KEY UPDATE`],
  ])('a %s that another transaction has locked delays its own message only', async (_, lock) => {
    const [held, free] = await createSenders(2);
    if (!held || !free) throw new Error('two senders');
    const holder = await holdRow(lock, [held.actor.userId]);
    const waiting = send(held);
    await send(free);
    await until('the other message waits', async () => {
      const rows = await dataSource.query<object[]>(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    await send(free);
    await holder.release();
    await waiting;
    await expectOneBranch(held.room, 2);
    await expectOneBranch(free.room, 3);
  });

  test('what the database refuses in one message is refused to that message only', async () => {
    const [broken, fine] = await createSenders(2);
    if (!broken || !fine) throw new Error('two senders');
    const verdicts = await Promise.allSettled([
      processes[0].sendMessage(broken.actor, { chatroomId: broken.room, content: 'no \0 in PostgreSQL', key: null }),
      send(fine),
    ]);
    expect(verdicts.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expectOneBranch(fine.room, 2);
    await expectOneBranch(broken.room, 1);
  });

  test('500 sends at once of a Basic user at two processes: five are accepted, the rest cost nothing', async () => {
    const actor = await createActor(dataSource);
    const sender = { actor, room: await createRoom(dataSource, actor) };
    const verdicts = await verdictsOf(Array.from({ length: 500 }, (_, by) => send(sender, { by })));
    expect(tally(verdicts)).toEqual({ accepted: 5, daily_limit_reached: 495 });
    await expectOneBranch(sender.room, 5);
    await expectExactCounts();
  });

  test('100 keys with 100 repeats each at two processes are 100 messages', async () => {
    const senders = await createSenders(50);
    const keys = senders.flatMap((sender) => [1, 2].map((n) => ({ sender, key: keyOf(`repeated ${n}`) })));
    const requests = Array.from({ length: 100 }, (_, by) => keys.map(({ sender, key }, i) => ({ sender, key, by: by + i }))).flat();
    const ids = new Map<unknown, Set<string>>();
    for (let begin = 0; begin < requests.length; begin += 200) {
      const answers = await Promise.all(
        requests.slice(begin, begin + 200).map(async ({ sender, key, by }) => ({ sender, key, ...(await send(sender, { key, by })) })),
      );
      for (const { sender, key, message } of answers) {
        const name = `${sender.room} ${key.key}`;
        ids.set(name, (ids.get(name) ?? new Set()).add(message.id));
      }
    }
    expect([...ids.values()].map(({ size }) => size)).toEqual(keys.map(() => 1));
    for (const { room } of senders) await expectOneBranch(room, 3);
    await expectExactCounts();
  });

  test('sends at once into one room at two processes follow each other, and a later one comes after all that were answered', async () => {
    const sender = await createSender();
    const positions: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(Array.from({ length: 40 }, (_, by) => send(sender, { by })));
      const sent = answers.map(({ message }) => message.position).sort((a, b) => a - b);
      expect(sent[0]).toBeGreaterThan(positions.at(-1) ?? 0);
      positions.push(...sent);
    }
    await expectOneBranch(sender.room, 161);
    await expectExactCounts();
  });

  test('batches of two processes with the same users in opposite orders are all accepted, without a deadlock', async () => {
    const senders = await createSenders(40);
    const deadlocks = async () =>
      (
        await dataSource.query<{ deadlocks: number }[]>(
          `SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()`,
        )
      )[0]?.deadlocks;
    const before = await deadlocks();
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([...senders.map((sender) => send(sender)), ...senders.toReversed().map((sender) => send(sender, { by: 1 }))]);
    }
    for (const { room } of senders) await expectOneBranch(room, 11);
    await expectExactCounts();
    expect(await deadlocks()).toBe(before);
  });
});
