import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { newId } from '../../../common/ids.js';
import { Database, type StatementRunner } from '../../../database/database.js';
import { withinPageBytes } from '../../../database/page-bytes.js';
import { statement } from '../../../database/statement.js';
import { isFinished, type MessageStatus } from '../message-status.js';
import { markedWords } from '../search/marked-words.js';
import { toVector, WORDS_VERSION } from '../search/words.js';
import type { Quota } from '../../subscriptions/index.js';
import type { ChatroomDocument, DocumentMessage } from './chatroom-document.js';
import type { Place } from './tree-layout.js';

/** Messages held in memory at a time. */
const AT_A_TIME = 500;
/** Written by one statement, in UTF-16 units of content: indexing words takes its time. */
const UNITS_AT_A_TIME = 250_000;

/** Indexed, in UTF-16 units of content, before others have their turn. */
const UNITS_BETWEEN_PAUSES = 32_768;

export interface StoredRoom extends Omit<ChatroomDocument['chatroom'], 'created_at'> {
  readonly created_at: Date;
  readonly active_id: string | null;
  readonly message_count: number;
}

/** The messages that are to be written, each with its place in the tree; positions are their order. */
export type Placed = Iterable<{ readonly message: DocumentMessage; readonly place: Place }>;

interface StoredMessage {
  readonly n: number;
  readonly parent: number | null;
  readonly role: 'user' | 'model';
  readonly status: MessageStatus;
  readonly content: string;
  readonly model: string | null;
  readonly finish_reason: Extract<DocumentMessage, { role: 'model' }>['finish_reason'];
  readonly block_reason: string | null;
  readonly error: string | null;
  readonly usage: Extract<DocumentMessage, { role: 'model' }>['usage'];
  readonly context: Extract<DocumentMessage, { role: 'model' }>['context'];
  readonly created_at: Date;
  readonly completed_at: Date | null;
}

const COLUMNS = `m.position AS n, p.position AS parent, m.role, m.status, m.content, m.model, m.finish_reason, m.block_reason, m.error_code AS error,
  CASE WHEN m.total_tokens IS NOT NULL THEN json_build_object('input_tokens', coalesce(m.input_tokens, 0), 'output_tokens', coalesce(m.output_tokens, 0),
    'reasoning_tokens', coalesce(m.reasoning_tokens, 0), 'total_tokens', m.total_tokens, 'estimated', coalesce(m.usage_estimated, false)) END AS usage,
  CASE WHEN m.context_turns IS NOT NULL THEN json_build_object('turns', m.context_turns, 'trimmed', coalesce(m.context_trimmed, 0),
    'summarised', coalesce(m.context_summarised, 0)) END AS context,
  m.created_at, m.completed_at`;

const room = statement<StoredRoom>(
  'moves_room',
  `SELECT c.name, c.system_instruction, c.model, c.archived, c.created_at, l.position AS active, l.id AS active_id, c.last_position AS message_count
   FROM chatrooms c LEFT JOIN messages l ON l.id = c.active_leaf_id WHERE c.id = $2 AND c.user_id = $1`,
);

const all = statement<StoredMessage>(
  'moves_all',
  withinPageBytes(
    `SELECT ${COLUMNS} FROM messages m LEFT JOIN messages p ON p.id = m.parent_id
     WHERE m.chatroom_id = $1 AND m.position > $2 AND m.position <= $3 ORDER BY m.position LIMIT $4`,
    { as: 'm', order: 'm.n', texts: ['m.content'] },
  ),
);

interface Stretch {
  readonly run: number;
  /** Depth of the last message of the run that is on the path. */
  readonly until: number;
}

// From run to run upwards: as many steps as forks, not as messages.
const stretches = statement<Stretch>(
  'moves_stretches',
  `WITH RECURSIVE path AS (
     SELECT m.run, m.depth AS until FROM messages m WHERE m.id = $2 AND m.chatroom_id = $1
     UNION ALL
     SELECT parent.run, parent.depth FROM path
       JOIN messages head ON head.chatroom_id = $1 AND head.position = path.run
       JOIN messages parent ON parent.id = head.parent_id
   )
   SELECT run, until FROM path ORDER BY until`,
);

const along = statement<StoredMessage & { readonly depth: number }>(
  'moves_along',
  withinPageBytes(
    `SELECT ${COLUMNS}, m.depth FROM unnest($2::integer[], $3::integer[], $4::integer[]) AS s(run, after, until)
       JOIN messages m ON m.chatroom_id = $1 AND m.run = s.run AND m.depth > s.after AND m.depth <= s.until
       LEFT JOIN messages p ON p.id = m.parent_id`,
    { as: 'm', order: 'm.depth', texts: ['m.content'] },
  ),
);

const insertRoom = statement<never>(
  'moves_insert_room',
  `INSERT INTO chatrooms (id, user_id, name, system_instruction, model, archived, created_at) VALUES ($2, $1, $3, $4, $5, $6, least(coalesce($7, now()), now()))`,
);

// Without a charged day: what is moved costs nothing, and gives nothing back. Times ahead of now are taken as now.
const insertMessages = statement<never>(
  'moves_insert_messages',
  `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words, words_version, model, attempt,
     finish_reason, block_reason, error_code, input_tokens, output_tokens, reasoning_tokens, total_tokens, usage_estimated,
     context_turns, context_trimmed, context_summarised, created_at, completed_at)
   SELECT r.id, $2, $1, r.position, r.depth, r.run, r.forked_run, r.parent_id, r.role, r.status, r.content,
     ${markedWords('r.words', '(SELECT u.indexed_messages FROM users u WHERE u.id = $1) + r.position', '$1::uuid')}, ${WORDS_VERSION},
     r.model, r.attempt, r.finish_reason, r.block_reason, r.error, r.input_tokens, r.output_tokens, r.reasoning_tokens, r.total_tokens, r.estimated,
     r.turns, r.trimmed, r.summarised, least(r.created_at, now()), least(r.completed_at, now())
   FROM json_to_recordset($3::json) AS r(id uuid, position integer, depth integer, run integer, forked_run integer, parent_id uuid, role text,
     status text, content text, words text, model text, attempt integer, finish_reason text, block_reason text, error text, input_tokens integer,
     output_tokens integer, reasoning_tokens integer, total_tokens integer, estimated boolean, turns integer, trimmed integer, summarised integer,
     created_at timestamptz, completed_at timestamptz)`,
);

// Last, as others wait for the owner's row. Nobody else can have locked the room, which is not committed yet. The lock on the owner's row makes the
// quotas exact: parallel requests pass here one after the other, and no row tells that this one exceeds them. As for any new room, a request that was
// let in before the holder of the number took the account over ($8: the number was not verified then) leaves none.
const complete = statement<{ id: string }>(
  'moves_complete',
  `WITH owner AS (
     UPDATE users SET list_version = list_version + 1, indexed_messages = indexed_messages + $3, chatroom_count = chatroom_count + 1,
       stored_bytes = stored_bytes + $5
     WHERE id = $1 AND chatroom_count < $6 AND stored_bytes + $5 <= $7 AND ($8::boolean OR reclaimed_at IS NULL) RETURNING id
   )
   UPDATE chatrooms c SET last_position = $3, active_leaf_id = leaf.id, active_leaf_depth = coalesce(leaf.depth, 0), active_run = coalesce(leaf.run, 0),
     last_message_at = (SELECT max(m.created_at) FROM messages m WHERE m.chatroom_id = $2)
   FROM owner LEFT JOIN messages leaf ON leaf.chatroom_id = $2 AND leaf.position = $4
   WHERE c.id = $2 RETURNING c.id`,
);

type Step = Iterable<Placed> | AsyncIterable<Placed>;

@Injectable()
export class MovesRepository {
  constructor(private readonly database: Database) {}

  async findRoom(userId: string, chatroomId: string): Promise<StoredRoom | null> {
    const [row] = await this.database.run(room, [userId, chatroomId]);
    return row ?? null;
  }

  /** Every message up to a position, some at a time, in the order of their positions. */
  async *readAll(chatroomId: string, until: number): AsyncGenerator<DocumentMessage[]> {
    for (let after = 0; after < until;) {
      const rows = await this.database.run(all, [chatroomId, after, until, AT_A_TIME]);
      if (rows.length === 0) return;
      yield rows.map(toDocumentMessage);
      after = rows.at(-1)?.n ?? until;
    }
  }

  /** The branch that ends with a message, some at a time, from its beginning. */
  async *readPath(chatroomId: string, leafId: string, on: StatementRunner = this.database): AsyncGenerator<DocumentMessage[]> {
    const path = await on.run(stretches, [chatroomId, leafId]);
    const parts = path.map(({ run, until }, i) => ({ run, after: path[i - 1]?.until ?? 0, until }));
    const end = path.at(-1)?.until ?? 0;
    for (let after = 0; after < end;) {
      const until = after + AT_A_TIME;
      const within = parts.filter((part) => part.after < until && part.until > after);
      const rows = await on.run(along, [
        chatroomId,
        within.map(({ run }) => run),
        within.map((part) => Math.max(part.after, after)),
        within.map((part) => Math.min(part.until, until)),
      ]);
      if (rows.length === 0) return;
      yield rows.map(toDocumentMessage);
      after = rows.at(-1)?.depth ?? end;
    }
  }

  /**
   * Writes a room with its messages, or nothing.
   *
   * @param content.steps may read on the connection that is written on; parents come before their children
   * @param content.active place of the active leaf
   * @param limits.free bytes that the user may store, as of now: past them the work is given up before all is read
   * @returns null when it is written; else the bytes that did not fit, or would have made one room too many
   */
  async write(
    { userId, isVerified }: Pick<Actor, 'userId' | 'isVerified'>,
    chatroomId: string,
    settings: Omit<ChatroomDocument['chatroom'], 'created_at' | 'active'> & { readonly created_at: string | null },
    { steps, active }: { steps: (on: StatementRunner) => Step; active: (count: number) => number | null },
    { quota, free }: { readonly quota: Quota; readonly free: number },
  ): Promise<number | null> {
    const work = this.database.transaction(async (transaction) => {
      const { name, system_instruction, model, archived, created_at } = settings;
      await transaction.run(insertRoom, [userId, chatroomId, name, system_instruction, model, archived, created_at]);
      const room: NewRoom = { userId, chatroomId, ids: [], bytes: 0 };
      for await (const step of steps(transaction)) {
        await insertAll(transaction, room, step);
        if (room.bytes > free) throw new QuotaExceeded(room.bytes);
      }
      const { ids, bytes } = room;
      const completed = await transaction.run(complete, [
        userId,
        chatroomId,
        ids.length,
        active(ids.length),
        bytes,
        quota.chatrooms,
        quota.bytes,
        isVerified,
      ]);
      if (completed.length === 0) throw new QuotaExceeded(bytes);
      return null;
    });
    return work.catch((error: unknown) => {
      if (error instanceof QuotaExceeded) return error.bytes;
      throw error;
    });
  }
}

/** Undoes a transaction; told to the caller as a result. */
class QuotaExceeded extends Error {
  constructor(readonly bytes: number) {
    super('a quota is exceeded');
  }
}

/** A room that is being written. */
interface NewRoom {
  readonly userId: string;
  readonly chatroomId: string;
  /** Of the messages that were written, in the order of their positions. */
  readonly ids: string[];
  /** Of their texts. */
  bytes: number;
}

async function insertAll(transaction: StatementRunner, room: NewRoom, placed: Placed): Promise<void> {
  const { userId, chatroomId, ids } = room;
  let [rows, units, paused]: [object[], number, number] = [[], 0, 0];
  const flush = async () => {
    if (rows.length > 0) await transaction.run(insertMessages, [userId, chatroomId, JSON.stringify(rows)]);
    [rows, units, paused] = [[], 0, 0];
  };
  for (const { message, place } of placed) {
    const id = newId();
    ids.push(id);
    rows.push({ ...toRow(message, place), id, position: ids.length, parent_id: message.parent === null ? null : ids[message.parent - 1] });
    room.bytes += Buffer.byteLength(message.content);
    units += message.content.length;
    if (units - paused >= UNITS_BETWEEN_PAUSES) {
      paused = units;
      await setImmediate();
    }
    if (rows.length >= AT_A_TIME || units >= UNITS_AT_A_TIME) await flush();
  }
  await flush();
}

const toRow = (message: DocumentMessage, { depth, run, forkedRun }: Place) => ({
  ...message,
  ...(message.role === 'user'
    ? { status: 'completed', attempt: 0, completed_at: message.created_at }
    : { attempt: 1, ...message.usage, ...message.context }),
  words: toVector(message.content),
  depth,
  run,
  forked_run: forkedRun,
});

/** A reply that is being made, or waited for, is a cancelled one elsewhere. */
function toDocumentMessage(row: StoredMessage): DocumentMessage {
  const { n, parent, content, model, finish_reason, block_reason, error, usage, context } = row;
  const created_at = row.created_at.toISOString();
  if (row.role === 'user' || parent === null) return { n, parent, role: 'user', content, created_at };
  const rest = { model, block_reason, error, usage, context, created_at };
  const { status } = row;
  if (!isFinished(status)) {
    return { n, parent, role: 'model', content: '', status: 'cancelled', finish_reason: 'cancelled', ...rest, completed_at: created_at };
  }
  return { n, parent, role: 'model', content, status, finish_reason, ...rest, completed_at: row.completed_at?.toISOString() ?? created_at };
}
