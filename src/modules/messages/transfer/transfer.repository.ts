import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { newId } from '../../../common/ids.js';
import { Database, type StatementRunner } from '../../../database/database.js';
import { withinPageBytes } from '../../../database/page-bytes.js';
import { type RowOf, typed } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import type { ReasoningLevel } from '../../../config/models.js';
import { markedWords } from '../search/marked-words.js';
import { toVector, WORDS_VERSION } from '../search/words.js';
import { searchableText } from '../../attachments/index.js';
import type { Quota } from '../../subscriptions/index.js';
import type { ChatroomDocument, DocumentMessage } from './chatroom-document.js';
import { sizeOf } from './reply-details.js';
import { MESSAGE, MESSAGE_SQL, MESSAGE_TEXTS, toDocumentMessage } from './stored-message.js';
import type { TreePosition } from './tree-layout.js';

/** The number of messages that are in memory at a time. */
const AT_A_TIME = 500;
/** UTF-16 units of content that one statement writes: indexing words takes its time. */
const UNITS_AT_A_TIME = 250_000;
/** UTF-16 units of content whose words are made before other requests run. */
const UNITS_BETWEEN_PAUSES = 32_768;

/** Messages to write, each with its position in the tree. Their order gives the positions in the room. */
export type Placed = Iterable<{ readonly message: DocumentMessage; readonly position: TreePosition }>;

const ROOM = {
  name: 'text?',
  system_instruction: 'text?',
  model: 'text?',
  web_search: 'bool',
  reasoning: typed<ReasoningLevel | null>('text'),
  archived: 'bool',
  created_at: 'timestamptz',
  active: 'int4?',
  active_id: 'uuid?',
  message_count: 'int4',
} as const;

/** A room with the position and the id of its active leaf. */
export type StoredRoom = RowOf<typeof ROOM>;

const room = statement({
  name: 'transfer_room',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid' },
  columns: ROOM,
  text: `SELECT c.name, c.system_instruction, c.model, c.web_search, c.reasoning, c.archived, c.created_at, l.position AS active, l.id AS active_id,
     c.last_position AS message_count
   FROM chatrooms c LEFT JOIN messages l ON l.id = c.active_leaf_id WHERE c.id = :chatroom_id AND c.user_id = :user_id`,
});

const allMessages = statement({
  name: 'transfer_all_messages',
  parameters: { chatroom_id: 'uuid', after: 'int4', until: 'int4', count: 'int8' },
  columns: { ...MESSAGE, goes_on: 'bool' },
  text: withinPageBytes(
    `SELECT ${MESSAGE_SQL} FROM messages m LEFT JOIN messages p ON p.id = m.parent_id
     WHERE m.chatroom_id = :chatroom_id AND m.position > :after AND m.position <= :until ORDER BY m.position LIMIT :count`,
    { as: 'm', order: 'm.n', texts: MESSAGE_TEXTS },
  ),
});

// The segments of the path to a message: for each run, the depth of its last message on the path. The recursion goes
// from run to run upwards, so it takes as many steps as the path has forks, not messages.
const pathSegments = statement({
  name: 'transfer_path_segments',
  parameters: { chatroom_id: 'uuid', leaf_id: 'uuid' },
  columns: { run: 'int4', until: 'int4' },
  text: `WITH RECURSIVE path AS (
     SELECT m.run, m.depth AS until FROM messages m WHERE m.id = :leaf_id AND m.chatroom_id = :chatroom_id
     UNION ALL
     SELECT parent.run, parent.depth FROM path
       JOIN messages head ON head.chatroom_id = :chatroom_id AND head.position = path.run
       JOIN messages parent ON parent.id = head.parent_id
   )
   SELECT run, until FROM path ORDER BY until`,
});

const pathMessages = statement({
  name: 'transfer_path_messages',
  parameters: { chatroom_id: 'uuid', runs: 'int4[]', after: 'int4[]', until: 'int4[]' },
  columns: { ...MESSAGE, depth: 'int4', goes_on: 'bool' },
  text: withinPageBytes(
    `SELECT ${MESSAGE_SQL}, m.depth FROM unnest(:runs::integer[], :after::integer[], :until::integer[]) AS s(run, after, until)
       JOIN messages m ON m.chatroom_id = :chatroom_id AND m.run = s.run AND m.depth > s.after AND m.depth <= s.until
       LEFT JOIN messages p ON p.id = m.parent_id`,
    { as: 'm', order: 'm.depth', texts: MESSAGE_TEXTS },
  ),
});

const insertRoom = statement({
  name: 'transfer_insert_room',
  parameters: {
    chatroom_id: 'uuid',
    user_id: 'uuid',
    name: 'text?',
    system_instruction: 'text?',
    model: 'text?',
    web_search: 'bool',
    reasoning: 'text?',
    archived: 'bool',
    created_at: 'timestamptz?',
  },
  text: `INSERT INTO chatrooms (id, user_id, name, system_instruction, model, web_search, reasoning, archived, created_at)
   VALUES (:chatroom_id, :user_id, :name, :system_instruction, :model, :web_search, :reasoning, :archived, least(coalesce(:created_at, now()), now()))`,
});

// The messages have no charged day: a transfer costs no unit, so none can be refunded. Times in the future become now.
const insertMessages = statement({
  name: 'transfer_insert_messages',
  parameters: { chatroom_id: 'uuid', user_id: 'uuid', rows: 'json' },
  text: `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words,
     words_version, model, attempt, finish_reason, block_reason, error_code, input_tokens, output_tokens, reasoning_tokens, total_tokens,
     usage_estimated, context_turns, context_trimmed, context_summarised, web_search, reasoning_level, reasoning, part_lengths, sources,
     search_suggestions, detail_bytes, created_at, completed_at)
   SELECT r.id, :chatroom_id, :user_id, r.position, r.depth, r.run, r.forked_run, r.parent_id, r.role, r.status, r.content,
     ${markedWords('r.words', '(SELECT u.indexed_messages FROM users u WHERE u.id = :user_id) + r.position', ':user_id::uuid')},
     ${WORDS_VERSION}, r.model, r.attempt, r.finish_reason, r.block_reason, r.error, r.input_tokens, r.output_tokens, r.reasoning_tokens,
     r.total_tokens, r.estimated, r.turns, r.trimmed, r.summarised, r.web_search, r.reasoning_level, r.reasoning, r.part_lengths,
     r.sources, r.search_suggestions, r.detail_bytes, least(r.created_at, now()), least(r.completed_at, now())
   FROM json_to_recordset(:rows) AS r(id uuid, position integer, depth integer, run integer, forked_run integer, parent_id uuid,
     role text, status text, content text, words text, model text, attempt integer, finish_reason text, block_reason text, error text,
     input_tokens integer, output_tokens integer, reasoning_tokens integer, total_tokens integer, estimated boolean,
     turns integer, trimmed integer, summarised integer, web_search boolean, reasoning_level text, reasoning text, part_lengths integer[],
     sources jsonb, search_suggestions text, detail_bytes integer, created_at timestamptz, completed_at timestamptz)`,
});

// Among the last statements of the transaction, because others wait for the owner's row. Nobody else can have locked
// the room, which is not committed yet. The lock on the owner's row makes the quotas exact: parallel requests pass
// here one after the other, and the statement returns no row when this one exceeds them. `is_verified` says whether
// the number was verified when the request was let in: as with any new room, a request from before the holder of the
// number reclaimed the account creates none.
const complete = statement({
  name: 'transfer_complete',
  parameters: {
    user_id: 'uuid',
    chatroom_id: 'uuid',
    message_count: 'int4',
    active_position: 'int4?',
    bytes: 'int8',
    max_chatrooms: 'int4',
    max_bytes: 'int8',
    is_verified: 'bool',
  },
  columns: { listVersion: 'float8' },
  text: `WITH owner AS (
     UPDATE users SET list_version = list_version + 1, indexed_messages = indexed_messages + :message_count,
       chatroom_count = chatroom_count + 1, stored_bytes = stored_bytes + :bytes
     WHERE id = :user_id AND chatroom_count < :max_chatrooms AND stored_bytes + attachment_bytes + :bytes <= :max_bytes
       AND (:is_verified::boolean OR reclaimed_at IS NULL) RETURNING id, list_version
   )
   UPDATE chatrooms c SET last_position = :message_count, active_leaf_id = leaf.id, active_leaf_depth = coalesce(leaf.depth, 0),
     active_run = coalesce(leaf.run, 0), last_message_at = (SELECT max(m.created_at) FROM messages m WHERE m.chatroom_id = :chatroom_id)
   FROM owner LEFT JOIN messages leaf ON leaf.chatroom_id = :chatroom_id AND leaf.position = :active_position
   WHERE c.id = :chatroom_id RETURNING owner.list_version::float8 AS "listVersion"`,
});

// A path has one message of each depth, and so has its copy. Runs after the lock on the owner's row, under which rooms
// are deleted with their attachments.
const copyAttachments = statement({
  name: 'transfer_copy_attachments',
  parameters: { from_id: 'uuid', to_id: 'uuid', runs: 'int4[]', after: 'int4[]', until: 'int4[]' },
  text: `INSERT INTO message_attachments (message_id, position, attachment_id)
   SELECT copy.id, h.position, h.attachment_id
   FROM unnest(:runs::integer[], :after::integer[], :until::integer[]) AS s(run, after, until)
     JOIN messages m ON m.chatroom_id = :from_id AND m.run = s.run AND m.depth > s.after AND m.depth <= s.until
     JOIN message_attachments h ON h.message_id = m.id
     JOIN messages copy ON copy.chatroom_id = :to_id AND copy.depth = m.depth`,
});

/** The path to a message. */
export interface PathEnd {
  readonly chatroomId: string;
  readonly leafId: string;
}

/** A room to write. */
export interface NewRoom {
  readonly chatroomId: string;
  /** `created_at` is null for a room that is created now. */
  readonly settings: Omit<ChatroomDocument['chatroom'], 'created_at' | 'active'> & { readonly created_at: string | null };
  /** The messages; parents come before their children. They may be read on the connection that is written on. */
  readonly messages: (on: StatementRunner) => Iterable<Placed> | AsyncIterable<Placed>;
  /** The path that the messages are a copy of, whose attachments they share; null when they are none. */
  readonly copyOf: PathEnd | null;
  /** The position of the active leaf among so many messages. */
  readonly active: (count: number) => number | null;
  readonly quota: Quota;
  /** Bytes that the user may store as of now. Past them the transaction is given up before all messages are read. */
  readonly free: number;
}

@Injectable()
export class TransferRepository {
  constructor(private readonly database: Database) {}

  async findRoom(userId: string, chatroomId: string): Promise<StoredRoom | null> {
    const [row] = await this.database.run(room, { user_id: userId, chatroom_id: chatroomId });
    return row ?? null;
  }

  /** Every message up to a position, some at a time, in the order of their positions. */
  async *readAll(chatroomId: string, until: number): AsyncGenerator<DocumentMessage[]> {
    for (let after = 0; after < until;) {
      const rows = await this.database.run(allMessages, { chatroom_id: chatroomId, after, until, count: AT_A_TIME });
      if (rows.length === 0) return;
      yield rows.map(toDocumentMessage);
      after = rows.at(-1)?.n ?? until;
    }
  }

  /** The branch that ends with a message, some messages at a time, from its beginning. */
  async *readPath(chatroomId: string, leafId: string, on: StatementRunner = this.database): AsyncGenerator<DocumentMessage[]> {
    const segments = await segmentsOf(on, { chatroomId, leafId });
    const end = segments.at(-1)?.until ?? 0;
    for (let after = 0; after < end;) {
      const until = after + AT_A_TIME;
      const within = segments.filter((segment) => segment.after < until && segment.until > after);
      const rows = await on.run(pathMessages, {
        chatroom_id: chatroomId,
        runs: within.map(({ run }) => run),
        after: within.map((segment) => Math.max(segment.after, after)),
        until: within.map((segment) => Math.min(segment.until, until)),
      });
      if (rows.length === 0) return;
      yield rows.map(toDocumentMessage);
      after = rows.at(-1)?.depth ?? end;
    }
  }

  /**
   * Writes a room with its messages, or nothing.
   *
   * @returns the version of the list with the room; or the bytes that did not fit, or would have made one room too many
   */
  async write(
    { userId, isVerified }: Pick<Actor, 'userId' | 'isVerified'>,
    { chatroomId, settings, messages, copyOf, active, quota, free }: NewRoom,
  ): Promise<{ readonly listVersion: number } | { readonly excess: number }> {
    const work = this.database.transaction(async (transaction) => {
      const { name, system_instruction, model, web_search = false, reasoning = null, archived, created_at } = settings;
      await transaction.run(insertRoom, {
        chatroom_id: chatroomId,
        user_id: userId,
        name,
        system_instruction,
        model,
        web_search,
        reasoning,
        archived,
        created_at: created_at === null ? null : new Date(created_at),
      });
      const written: WrittenMessages = { ids: [], bytes: 0 };
      for await (const placed of messages(transaction)) {
        await insertAll(transaction, { userId, chatroomId }, written, placed);
        if (written.bytes > free) throw new QuotaExceeded(written.bytes);
      }
      const { ids, bytes } = written;
      const [completed] = await transaction.run(complete, {
        user_id: userId,
        chatroom_id: chatroomId,
        message_count: ids.length,
        active_position: active(ids.length),
        bytes,
        max_chatrooms: quota.chatrooms,
        max_bytes: quota.bytes,
        is_verified: isVerified,
      });
      if (!completed) throw new QuotaExceeded(bytes);
      if (copyOf) await shareAttachments(transaction, copyOf, chatroomId);
      return completed;
    });
    return work.catch((error: unknown) => {
      if (error instanceof QuotaExceeded) return { excess: error.bytes };
      throw error;
    });
  }
}

/** The parts of a path, each in one run. */
async function segmentsOf(on: StatementRunner, { chatroomId, leafId }: PathEnd) {
  const path = await on.run(pathSegments, { chatroom_id: chatroomId, leaf_id: leafId });
  return path.map(({ run, until }, i) => ({ run, after: path[i - 1]?.until ?? 0, until }));
}

async function shareAttachments(on: StatementRunner, from: PathEnd, toId: string): Promise<void> {
  const segments = await segmentsOf(on, from);
  await on.run(copyAttachments, {
    from_id: from.chatroomId,
    to_id: toId,
    runs: segments.map(({ run }) => run),
    after: segments.map(({ after }) => after),
    until: segments.map(({ until }) => until),
  });
}

/** Rolls a transaction back; `write` returns its bytes. */
class QuotaExceeded extends Error {
  constructor(readonly bytes: number) {
    super('A quota is exceeded.');
  }
}

/** The messages of a room that have been written so far. */
interface WrittenMessages {
  /** Ids in the order of the positions. */
  readonly ids: string[];
  /** The bytes that they take of the user's storage. */
  bytes: number;
}

async function insertAll(
  transaction: StatementRunner,
  { userId, chatroomId }: { readonly userId: string; readonly chatroomId: string },
  written: WrittenMessages,
  placed: Placed,
): Promise<void> {
  const { ids } = written;
  let [rows, units, paused]: [object[], number, number] = [[], 0, 0];
  const flush = async () => {
    if (rows.length > 0) await transaction.run(insertMessages, { chatroom_id: chatroomId, user_id: userId, rows });
    [rows, units, paused] = [[], 0, 0];
  };
  for (const { message, position } of placed) {
    const id = newId();
    ids.push(id);
    const { bytes, detailBytes } = sizeOf(message);
    rows.push({
      ...toRow(message, position),
      detail_bytes: detailBytes,
      id,
      position: ids.length,
      parent_id: message.parent === null ? null : ids[message.parent - 1],
    });
    written.bytes += bytes;
    units += message.content.length + detailBytes;
    if (units - paused >= UNITS_BETWEEN_PAUSES) {
      paused = units;
      await setImmediate();
    }
    if (rows.length >= AT_A_TIME || units >= UNITS_AT_A_TIME) await flush();
  }
  await flush();
}

const toRow = (message: DocumentMessage, { depth, run, forkedRun }: TreePosition) => ({
  ...message,
  ...(message.role === 'user'
    ? { status: 'completed', attempt: 0, completed_at: message.created_at }
    : { attempt: 1, ...message.usage, ...message.context }),
  words: toVector(searchableText(message.content, message.role === 'user' ? (message.attachments ?? []) : [])),
  depth,
  run,
  forked_run: forkedRun,
});
