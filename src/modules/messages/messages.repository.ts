import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { asBoundedPage, type BoundedRow, withinPageBytes } from '../../database/page-bytes.js';
import { statement } from '../../database/statement.js';
import type { Exchange, Message } from './message.js';
import { type Pause, pauseOf } from './model-pauses.js';

// Content is written when a message is finished: before, a reply's is empty.
export const MESSAGE_COLUMNS = `m.id, m.chatroom_id, m.user_id, m.position, m.attempt, m.parent_id, m.role, m.status, m.content, m.model, m.finish_reason, m.error_code,
  m.input_tokens, m.output_tokens, m.reasoning_tokens, m.total_tokens, m.usage_estimated,
  m.context_turns, m.context_trimmed, m.context_summarised, m.created_at, m.completed_at,
  CASE WHEN m.parent_id IS NULL
    THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
    ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
  END AS sibling_ids`;

const find = statement<Message>(
  'messages_find',
  `SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.id = $3 AND m.chatroom_id = $2 AND m.user_id = $1`,
);

const contentSize = statement<{ bytes: number }>(
  'messages_content_size',
  `SELECT octet_length(content) AS bytes FROM messages WHERE id = $3 AND chatroom_id = $2 AND user_id = $1`,
);

const findAll = statement<Message>(
  'messages_find_all',
  `SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.id = ANY ($3::uuid[]) AND m.chatroom_id = $2 AND m.user_id = $1 ORDER BY m.position`,
);

// What a client that opens a room should read along: the reply that is being made or waited for, else one that has only just ended.
const findCurrentReply = statement<Message | { readonly id: null }>(
  'messages_find_current_reply',
  `SELECT m.* FROM chatrooms c LEFT JOIN LATERAL (
     (SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1)
     UNION ALL
     (SELECT * FROM (SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.chatroom_id = c.id AND m.role = 'model' ORDER BY m.position DESC LIMIT 1) newest
      WHERE newest.completed_at > now() - interval '60 seconds')
     LIMIT 1
   ) m ON true
   WHERE c.id = $2 AND c.user_id = $1`,
);

/** A row of nulls tells an empty page of the caller's room from somebody else's room. */
type PageRow = (Message & BoundedRow) | { readonly id: null };

// Walks up from a message, one primary key look-up a row, whatever the size of the room.
const listBranch = statement<PageRow>(
  'messages_list_branch',
  `WITH RECURSIVE room AS (
     SELECT c.id, coalesce($3::uuid, c.active_leaf_id) AS leaf_id FROM chatrooms c WHERE c.id = $2 AND c.user_id = $1
   ), branch AS (
     SELECT m.id, m.parent_id, 1 AS n FROM room JOIN messages m ON m.id = room.leaf_id AND m.chatroom_id = room.id
     UNION ALL
     SELECT m.id, m.parent_id, b.n + 1 FROM branch b JOIN messages m ON m.id = b.parent_id WHERE b.n < $4
   )
   ${withinPageBytes(`SELECT ${MESSAGE_COLUMNS} FROM room LEFT JOIN (branch JOIN messages m ON m.id = branch.id) ON true`, {
     as: 'm',
     order: 'm.position DESC',
     texts: ['m.content'],
   })}`,
);

const listAll = statement<PageRow>(
  'messages_list_all',
  withinPageBytes(
    `SELECT m.* FROM chatrooms c LEFT JOIN LATERAL (
       SELECT ${MESSAGE_COLUMNS} FROM messages m WHERE m.chatroom_id = c.id AND m.position < $3 ORDER BY m.position DESC LIMIT $4
     ) m ON true
     WHERE c.id = $2 AND c.user_id = $1`,
    { as: 'm', order: 'm.position DESC', texts: ['m.content'] },
  ),
);

// The newest message below another one: the last of its run, or of a run that forks off after it, and so on. Reads a row or two for each fork,
// however many messages lie between them. `seen` as in acceptance: what was read is the tree still, or nothing is done.
const activate = statement<{ found: boolean; activated: boolean }>(
  'messages_activate',
  `WITH RECURSIVE room AS (
     SELECT c.id, c.last_position AS seen FROM chatrooms c WHERE c.id = $2 AND c.user_id = $1
   ), runs AS (
     SELECT m.run, m.depth FROM room JOIN messages m ON m.id = $3 AND m.chatroom_id = room.id
     UNION ALL
     SELECT head.run, head.depth FROM runs
       JOIN messages head ON head.chatroom_id = $2 AND head.forked_run = runs.run AND head.depth > runs.depth
   ), leaf AS (
     SELECT m.id, m.depth, m.run FROM runs CROSS JOIN LATERAL (
       SELECT l.id, l.depth, l.run, l.position FROM messages l WHERE l.chatroom_id = $2 AND l.run = runs.run ORDER BY l.depth DESC LIMIT 1
     ) m ORDER BY m.position DESC LIMIT 1
   ), branch AS (
     UPDATE chatrooms c SET active_leaf_id = leaf.id, active_leaf_depth = leaf.depth, active_run = leaf.run
     FROM room, leaf WHERE c.id = room.id AND c.last_position = room.seen RETURNING c.id
   )
   SELECT EXISTS (SELECT FROM leaf) AS found, EXISTS (SELECT FROM branch) AS activated`,
);

/** What those who wait for a reply are told. */
interface ReplyNews {
  readonly id: string;
  /** Also of one that is gone. */
  readonly isFinished: boolean;
  readonly pause: Pause | null;
}

// A reply that somebody works on does not wait for its model, whatever was asked for since.
const newsOf = statement<Omit<ReplyNews, 'pause'> & Omit<Pause, 'until'> & { readonly until: Date | null }>(
  'messages_news_of',
  `SELECT wanted.id, coalesce(m.status NOT IN ('pending', 'streaming'), true) AS "isFinished",
     m.model, m.status, pause.paused_until AS until
   FROM unnest($1::uuid[]) AS wanted(id) LEFT JOIN messages m ON m.id = wanted.id
     LEFT JOIN LATERAL (${pauseOf('$2')}) AS pause ON NOT coalesce(m.lease_until > now(), false)
   WHERE coalesce(m.status NOT IN ('pending', 'streaming'), true) OR pause.paused_until IS NOT NULL`,
);

// The four statements of a deletion. First the replies in progress, as those who finish one do, with those that have only just ended; then the days
// that units may go back to, which acceptance locks before the owner; then the owner, whose row every acceptance and every end of a reply goes
// through, so that the last sees the room as it will be deleted.
const lockReplies = statement<{ id: string; charged_day: string | null }>(
  'messages_lock_replies',
  `SELECT m.id, m.charged_day::text FROM chatrooms c JOIN messages m ON m.chatroom_id = c.id
   WHERE c.user_id = $1 AND ($2::uuid IS NULL OR c.id = $2) AND m.role = 'model'
     AND (m.completed_at IS NULL OR m.completed_at > now() - $3 * interval '1 millisecond')
   ORDER BY m.id FOR NO KEY UPDATE OF m`,
);

const lockDays = statement<{ day: string }>(
  'messages_lock_days',
  `SELECT day FROM usage_days WHERE user_id = $1 AND (day = ANY ($2::date[]) OR day >= (now() AT TIME ZONE 'UTC')::date)
   ORDER BY day FOR NO KEY UPDATE`,
);

const touchOwner = statement<{ id: string }>(
  'messages_touch_owner',
  `UPDATE users SET list_version = list_version + 1
   WHERE id = $1 AND EXISTS (SELECT 1 FROM chatrooms WHERE id = $2 AND user_id = $1) RETURNING id`,
);

const deletionOf = ({ messages, rooms, changes = '' }: { messages: string; rooms: string; changes?: string }) =>
  `WITH unfinished AS (
     SELECT status, charged_day FROM messages WHERE ${messages} AND status IN ('pending', 'streaming')
   ), refund AS (
     UPDATE usage_days d SET messages = d.messages - unbegun.units
     FROM (SELECT charged_day, count(*)::integer AS units FROM unfinished WHERE status = 'pending' GROUP BY charged_day) unbegun
     WHERE d.user_id = $1 AND d.day = unbegun.charged_day
   ), owner AS (
     UPDATE users SET unfinished_replies = unfinished_replies - (SELECT count(*) FROM unfinished),
       chatroom_count = chatroom_count - (SELECT count(*) FROM chatrooms WHERE ${rooms} AND user_id = $1),
       stored_bytes = stored_bytes - (SELECT coalesce(sum(octet_length(content)), 0) FROM messages WHERE ${messages} AND user_id = $1)${changes}
     WHERE id = $1
   )
   DELETE FROM chatrooms WHERE ${rooms} AND user_id = $1 RETURNING id`;

const deleteRoom = statement<{ id: string }>('messages_delete_room', deletionOf({ messages: 'chatroom_id = $2', rooms: 'id = $2' }));

const deleteRooms = statement<{ id: string }>(
  'messages_delete_rooms',
  deletionOf({
    messages: 'chatroom_id IN (SELECT c.id FROM chatrooms c WHERE c.user_id = $1)',
    rooms: 'true',
    changes: ', list_version = list_version + 1',
  }),
);

const MAX_POSITION = 2_147_483_647;

@Injectable()
export class MessagesRepository {
  constructor(private readonly database: Database) {}

  async find(userId: string, chatroomId: string, id: string): Promise<Message | null> {
    const [row] = await this.database.run(find, [userId, chatroomId, id]);
    return row ?? null;
  }

  /** How long the text of a message is, in bytes, without reading it. */
  async contentSize(userId: string, chatroomId: string, id: string): Promise<number | null> {
    const [row] = await this.database.run(contentSize, [userId, chatroomId, id]);
    return row?.bytes ?? null;
  }

  async findAll(userId: string, chatroomId: string, ids: readonly string[]): Promise<Message[]> {
    return this.database.run(findAll, [userId, chatroomId, ids]);
  }

  /** The reply to read along in a room; null when there is none, undefined when it is not the user's room. */
  async findCurrentReply(userId: string, chatroomId: string): Promise<Message | null | undefined> {
    const [row] = await this.database.run(findCurrentReply, [userId, chatroomId]);
    if (row === undefined) return undefined;
    return row.id === null ? null : row;
  }

  async findExchange(userId: string, chatroomId: string, ids: { messageId: string; replyId: string }): Promise<Exchange | null> {
    const [message, reply] = await this.findAll(userId, chatroomId, [ids.messageId, ids.replyId]);
    return message && reply ? { message, reply } : null;
  }

  /** At most `count` messages of a branch and one page's bytes, newest first, from `fromId` (default: the active leaf) upwards. Null: not the user's room. */
  async listBranch(userId: string, chatroomId: string, fromId: string | null, count: number): Promise<(Message & BoundedRow)[] | null> {
    return asPage(await this.database.run(listBranch, [userId, chatroomId, fromId, count]));
  }

  /** At most `count` messages of all branches and one page's bytes, below a position, newest first. Null: not the user's room. */
  async listAll(userId: string, chatroomId: string, below: number | null, count: number): Promise<(Message & BoundedRow)[] | null> {
    return asPage(await this.database.run(listAll, [userId, chatroomId, below ?? MAX_POSITION, count]));
  }

  /** Leads the active branch of a room through a message to the newest one below it. @returns false when it is not in a room of the user's */
  async activate(userId: string, chatroomId: string, id: string): Promise<boolean> {
    for (;;) {
      const [row] = await this.database.run(activate, [userId, chatroomId, id]);
      if (!row?.found) return false;
      // Otherwise a message was accepted meanwhile, or the room was deleted.
      if (row.activated) return true;
    }
  }

  /** @returns the replies that went with it, as `lockReplies` finds them; null when it is not the user's room */
  async deleteChatroom(userId: string, chatroomId: string, endedWithinMs: number): Promise<string[] | null> {
    return this.database.transaction(async (transaction) => {
      const replyIds = await this.lockReplies(transaction, userId, chatroomId, endedWithinMs);
      const owner = await transaction.run(touchOwner, [userId, chatroomId]);
      if (owner.length === 0) return null;
      const deleted = await transaction.run(deleteRoom, [userId, chatroomId]);
      return deleted.length > 0 ? replyIds : null;
    });
  }

  /** Deletes all rooms of a user whose replies, and then whose row, the transaction has locked. */
  async deleteChatrooms(transaction: StatementRunner, userId: string): Promise<void> {
    await transaction.run(deleteRooms, [userId]);
  }

  /** The replies of a room, or of all rooms of the user (null), that are unfinished or ended within so many milliseconds, locked, and with them the days that they were charged to: nobody ends them now. */
  async lockReplies(transaction: StatementRunner, userId: string, chatroomId: string | null, endedWithinMs: number): Promise<string[]> {
    const rows = await transaction.run(lockReplies, [userId, chatroomId, endedWithinMs]);
    await transaction.run(lockDays, [userId, [...new Set(rows.flatMap(({ charged_day: day }) => day ?? []))]]);
    return rows.map(({ id }) => id);
  }

  /** Those of the replies `ids` that are finished or gone, or whose model is paused, for at most `maxWaitMs`. */
  async newsOf(ids: readonly string[], maxWaitMs: number): Promise<ReplyNews[]> {
    const rows = await this.database.run(newsOf, [ids, maxWaitMs]);
    return rows.map(({ id, isFinished, model, status, until }) => ({
      id,
      isFinished,
      pause: isFinished || until === null ? null : { model, status, until },
    }));
  }
}

function asPage(rows: PageRow[]): (Message & BoundedRow)[] | null {
  if (rows.length === 0) return null;
  return asBoundedPage<Message>(rows.filter((row) => row.id !== null));
}
