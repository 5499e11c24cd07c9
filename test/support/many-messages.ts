import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import type { Actor } from '../../src/common/actor.js';
import { markedWords } from '../../src/modules/messages/search/marked-words.js';
import { WORDS_VERSION } from '../../src/modules/messages/search/words.js';
import { createActor } from '../factories/index.js';

/** A user with a long room among many others. */
export interface ManyMessages {
  readonly actor: Actor;
  /** A branch of a fifth of all messages. */
  readonly longRoom: string;
  /** The first message of that room. */
  readonly root: string;
}

const ROOM_LENGTH = 50;
const TWO_YEARS = 2 * 365 * 86_400;

/**
 * Fills an empty, migrated database with about `count` messages by SQL: a Pro user's long room and many short ones, the
 * latter of a thousand users and of that one too. Every message has “the”, one in a thousand of them “rare”, and eight
 * words out of some thousand.
 */
export async function createManyMessages(dataSource: DataSource, count: number): Promise<ManyMessages> {
  const actor = await createActor(dataSource, { plan: 'pro' });
  const long = Math.floor(count / 5);
  const rooms = Math.floor((count - long) / ROOM_LENGTH);
  const pace = Math.floor(TWO_YEARS / long);
  // Ids and times follow from a room's number and a position, so that parents are known without looking.
  const timeOf = (room: string, position: string) =>
    `(timestamptz '2024-10-01' + interval '1 second' * CASE ${room} WHEN 0 THEN ${position} * ${pace} ELSE ${room} * 60 + ${position} END)`;
  const idOf = (room: string, position: string) =>
    `(lpad(to_hex((extract(epoch FROM ${timeOf(room, position)}) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(${room}), 6, '0') || lpad(to_hex(${position}), 6, '0'))::uuid`;
  const roomId = (n: string) => `('01a00000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
  const userId = (room: string) =>
    `CASE ${room} % 1000 WHEN 0 THEN '${actor.userId}'::uuid ELSE (SELECT id FROM users WHERE username = 'owner_' || ${room} % 1000) END`;
  // Of its own: the application's connections end what takes longer than a request may.
  const client = new Client({ connectionString: String((dataSource.options as { url?: string }).url) });
  await client.connect();
  const run = (sql: string, values: unknown[] = []) => client.query(sql, values);
  // Faster to make at once than word by word.
  const { rows: indexes } = await client.query<{ indexdef: string }>(
    `SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_messages_words'`,
  );
  await run('DROP INDEX ix_messages_words');
  await run(`SET maintenance_work_mem = '512MB'`);

  await run(`UPDATE users SET created_at = '2024-09-01' WHERE id = $1`, [actor.userId]);
  await run(
    `INSERT INTO users (id, username, mobile_number) SELECT gen_random_uuid(), 'owner_' || n, '+1999' || lpad(n::text, 7, '0') FROM generate_series(1, 999) n`,
  );
  await run(
    `INSERT INTO chatrooms (id, user_id, name, last_position, active_leaf_id, active_leaf_depth, active_run, last_message_at, last_activity_at)
     SELECT ${roomId('n')}, ${userId('n')}, 'Room ' || n, p, ${idOf('n', 'p')}, p, 1, ${timeOf('n', 'p')}, ${timeOf('n', 'p')}
     FROM generate_series(0, $1::integer) n, LATERAL (SELECT CASE n WHEN 0 THEN $2::integer ELSE ${ROOM_LENGTH} END AS p) p`,
    [rooms, long],
  );
  await run(
    `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, model, created_at, completed_at)
     SELECT ${idOf('m.room', 'm.p')}, ${roomId('m.room')}, m.user_id, m.p, m.p, 1, CASE WHEN m.p > 1 THEN ${idOf('m.room', '(m.p - 1)')} END,
       CASE m.p % 2 WHEN 1 THEN 'user' ELSE 'model' END, 'completed', m.content,
       ${markedWords(`('~' || replace(m.content, ' ', ' ~'))`, 'm.number', 'm.user_id')}, ${WORDS_VERSION}, CASE m.p % 2 WHEN 0 THEN 'gemini-3.5-flash-lite' END,
       ${timeOf('m.room', 'm.p')}, ${timeOf('m.room', 'm.p')}
     FROM (
       SELECT made.*, c.user_id, row_number() OVER (PARTITION BY c.user_id ORDER BY ${timeOf('made.room', 'made.p')})::integer AS number FROM (
         SELECT n, CASE WHEN n <= $1 THEN 0 ELSE (n - $1 - 1) / ${ROOM_LENGTH} + 1 END AS room,
                CASE WHEN n <= $1 THEN n ELSE (n - $1 - 1) % ${ROOM_LENGTH} + 1 END AS p,
                'the' || CASE n % 1000 WHEN 0 THEN ' rare' ELSE '' END || ' w' || n % 7 || ' w' || n % 89 || ' w' || n % 97 || ' w' || n % 1009
                  || ' word' || n % 2003 || ' word' || n % 3001 || ' wide' || n % 4001 || ' wind' || n % 5003 AS content
         FROM generate_series(1, $2::integer) n
       ) made JOIN chatrooms c ON c.id = ${roomId('made.room')}
     ) m ORDER BY m.n`,
    [long, long + rooms * ROOM_LENGTH],
  );
  await run(`UPDATE users SET indexed_messages = (SELECT count(*) FROM messages m WHERE m.user_id = users.id)`);
  for (const { indexdef } of indexes) await run(indexdef);
  await run('VACUUM ANALYZE messages, chatrooms, users');
  await client.end();
  const [first] = await dataSource.query<{ id: string; chatroom_id: string }[]>(
    `SELECT id, chatroom_id FROM messages WHERE chatroom_id = ${roomId('0')} AND position = 1`,
  );
  if (!first) throw new Error('no message was made');
  return { actor, longRoom: first.chatroom_id, root: first.id };
}
