import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { asBoundedPage, type BoundedRow, withinPageBytes } from '../../database/page-bytes.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { ATTACHMENTS_OF_MESSAGE, type AttachmentSummary } from '../attachments/index.js';
import { type Feedback, FEEDBACK_OF_MESSAGE } from './feedback/feedback.repository.js';
import { type Exchange, type Message, MESSAGE_PROPERTIES } from './message.js';
import { MessageEntity } from './message.entity.js';
import { MODEL_PAUSE, MODEL_PAUSE_PARAMETERS, type ModelPause } from './model-pauses.js';

const PROPERTIES = columnsOf(MessageEntity, MESSAGE_PROPERTIES);

/** The columns of a `Message`; `sql` selects them from the message `m`. */
export const MESSAGE = {
  columns: {
    ...PROPERTIES.columns,
    siblingIds: 'uuid[]',
    feedback: typed<Feedback | null>('json'),
    attachments: typed<readonly AttachmentSummary[]>('json'),
  },
  sql: `${PROPERTIES.sql('m')},
  CASE WHEN m.parent_id IS NULL
    THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
    ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
  END AS "siblingIds", ${FEEDBACK_OF_MESSAGE} AS feedback, ${ATTACHMENTS_OF_MESSAGE} AS attachments`,
} as const;

/** The columns of a `Message` that may be long. */
export const MESSAGE_TEXTS = ['m.content', 'm.reasoning', 'm."searchSuggestions"', 'm.sources::text', 'm.attachments::text'];

/**
 * The row of an outer join: an `id` of null tells a room of the user without a message from a room of somebody else.
 */
const MESSAGE_OR_NONE = { ...MESSAGE.columns, id: 'uuid?' } as const;
const PAGE_ROW = { ...MESSAGE_OR_NONE, goes_on: 'bool' } as const;

/** The identity of a message in a room of a user. */
export interface OwnMessage {
  readonly userId: string;
  readonly chatroomId: string;
  readonly messageId: string;
}

const find = statement({
  name: 'messages_find',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', message_id: 'uuid' },
  columns: MESSAGE.columns,
  text: `SELECT ${MESSAGE.sql} FROM messages m WHERE m.id = :message_id AND m.chatroom_id = :chatroom_id AND m.user_id = :user_id`,
});

const findContentSize = statement({
  name: 'messages_content_size',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', message_id: 'uuid' },
  columns: { bytes: 'int4' },
  text: `SELECT octet_length(content) + detail_bytes AS bytes FROM messages WHERE id = :message_id AND chatroom_id = :chatroom_id AND user_id = :user_id`,
});

const findAll = statement({
  name: 'messages_find_all',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', message_ids: 'uuid[]' },
  columns: MESSAGE.columns,
  text: `SELECT ${MESSAGE.sql} FROM messages m
   WHERE m.id = ANY (:message_ids::uuid[]) AND m.chatroom_id = :chatroom_id AND m.user_id = :user_id ORDER BY m.position`,
});

// A client that opens a room follows the unfinished reply that comes first, else one that was finished just now.
const findCurrentReply = statement({
  name: 'messages_find_current_reply',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid' },
  columns: MESSAGE_OR_NONE,
  text: `SELECT m.* FROM chatrooms c LEFT JOIN LATERAL (
     (SELECT ${MESSAGE.sql} FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1)
     UNION ALL
     (SELECT * FROM (SELECT ${MESSAGE.sql} FROM messages m WHERE m.chatroom_id = c.id AND m.role = 'model' ORDER BY m.position DESC LIMIT 1) newest
      WHERE newest."completedAt" > now() - interval '60 seconds')
     LIMIT 1
   ) m ON true
   WHERE c.id = :chatroom_id AND c.user_id = :user_id`,
});

// Walks up from a message, one look-up by primary key for each row, whatever the size of the room.
const listBranch = statement({
  name: 'messages_list_branch',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', from_id: 'uuid?', count: 'int4' },
  columns: PAGE_ROW,
  text: `WITH RECURSIVE room AS (
     SELECT c.id, coalesce(:from_id::uuid, c.active_leaf_id) AS leaf_id FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), branch AS (
     SELECT m.id, m.parent_id, 1 AS n FROM room JOIN messages m ON m.id = room.leaf_id AND m.chatroom_id = room.id
     UNION ALL
     SELECT m.id, m.parent_id, b.n + 1 FROM branch b JOIN messages m ON m.id = b.parent_id WHERE b.n < :count
   )
   ${withinPageBytes(`SELECT ${MESSAGE.sql} FROM room LEFT JOIN (branch JOIN messages m ON m.id = branch.id) ON true`, {
     as: 'm',
     order: 'm.position DESC',
     texts: MESSAGE_TEXTS,
   })}`,
});

const listAll = statement({
  name: 'messages_list_all',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', below: 'int4', count: 'int8' },
  columns: PAGE_ROW,
  text: withinPageBytes(
    `SELECT m.* FROM chatrooms c LEFT JOIN LATERAL (
       SELECT ${MESSAGE.sql} FROM messages m WHERE m.chatroom_id = c.id AND m.position < :below ORDER BY m.position DESC LIMIT :count
     ) m ON true
     WHERE c.id = :chatroom_id AND c.user_id = :user_id`,
    { as: 'm', order: 'm.position DESC', texts: MESSAGE_TEXTS },
  ),
});

// The newest message below another one is the last one of its run, or of a run that forks off after it, and so on.
// Reads a row or two for each fork, however many messages lie between them. `seen` works as in acceptance: either the
// tree is still the one that was read, or nothing is written.
const activate = statement({
  name: 'messages_activate',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', message_id: 'uuid' },
  columns: { isActivated: 'bool', listVersion: 'float8?' },
  text: `WITH RECURSIVE room AS (
     SELECT c.id, c.last_position AS seen FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), runs AS (
     SELECT m.run, m.depth FROM room JOIN messages m ON m.id = :message_id AND m.chatroom_id = room.id
     UNION ALL
     SELECT head.run, head.depth FROM runs
       JOIN messages head ON head.chatroom_id = :chatroom_id AND head.forked_run = runs.run AND head.depth > runs.depth
   ), leaf AS (
     SELECT m.id, m.depth, m.run FROM runs CROSS JOIN LATERAL (
       SELECT l.id, l.depth, l.run, l.position FROM messages l WHERE l.chatroom_id = :chatroom_id AND l.run = runs.run ORDER BY l.depth DESC LIMIT 1
     ) m ORDER BY m.position DESC LIMIT 1
   ), owner AS (
     UPDATE users SET list_version = list_version + 1 FROM leaf WHERE users.id = :user_id RETURNING users.list_version
   ), branch AS (
     UPDATE chatrooms c SET active_leaf_id = leaf.id, active_leaf_depth = leaf.depth, active_run = leaf.run
     FROM room, leaf, owner WHERE c.id = room.id AND c.last_position = room.seen RETURNING c.id
   )
   SELECT EXISTS (SELECT FROM branch) AS "isActivated", (SELECT list_version FROM owner)::float8 AS "listVersion"`,
});

/** Changes of a reply that its waiting readers are told. */
interface ReplyNews {
  readonly id: string;
  /** Also true for a reply that was deleted. */
  readonly isFinished: boolean;
  readonly pause: ModelPause | null;
}

// A reply that a worker holds does not wait for its model, whatever pause has begun since.
const findReplyNews = statement({
  name: 'messages_news_of',
  parameters: { reply_ids: 'uuid[]', ...MODEL_PAUSE_PARAMETERS },
  columns: { id: 'uuid', isFinished: 'bool', model: 'text', status: typed<ModelPause['status']>('text'), until: 'timestamptz?' },
  text: `SELECT wanted.id, coalesce(m.status NOT IN ('pending', 'streaming'), true) AS "isFinished",
     m.model, m.status, pause.paused_until AS until
   FROM unnest(:reply_ids::uuid[]) AS wanted(id) LEFT JOIN messages m ON m.id = wanted.id
     LEFT JOIN LATERAL (${MODEL_PAUSE}) AS pause ON NOT coalesce(m.lease_until > now(), false)
   WHERE coalesce(m.status NOT IN ('pending', 'streaming'), true) OR pause.paused_until IS NOT NULL`,
});

const MAX_POSITION = 2_147_483_647;

@Injectable()
export class MessagesRepository {
  constructor(private readonly database: Database) {}

  async find({ userId, chatroomId, messageId }: OwnMessage): Promise<Message | null> {
    const [row] = await this.database.run(find, { user_id: userId, chatroom_id: chatroomId, message_id: messageId });
    return row ?? null;
  }

  /** The length of a message's text in bytes, without reading the text. */
  async findContentSize({ userId, chatroomId, messageId }: OwnMessage): Promise<number | null> {
    const [row] = await this.database.run(findContentSize, { user_id: userId, chatroom_id: chatroomId, message_id: messageId });
    return row?.bytes ?? null;
  }

  /** In the order of their positions. */
  findAll(userId: string, { chatroomId, messageIds }: { chatroomId: string; messageIds: readonly string[] }): Promise<Message[]> {
    return this.database.run(findAll, { user_id: userId, chatroom_id: chatroomId, message_ids: messageIds });
  }

  async findExchange(userId: string, ids: { chatroomId: string; messageId: string; replyId: string }): Promise<Exchange | null> {
    const { chatroomId, messageId, replyId } = ids;
    const [message, reply] = await this.findAll(userId, { chatroomId, messageIds: [messageId, replyId] });
    return message && reply ? { message, reply } : null;
  }

  /** The reply to follow in a room. @returns null when there is none, undefined when it is not the user's room */
  async findCurrentReply(userId: string, chatroomId: string): Promise<Message | null | undefined> {
    const [row] = await this.database.run(findCurrentReply, { user_id: userId, chatroom_id: chatroomId });
    if (row === undefined) return undefined;
    return isMessage(row) ? row : null;
  }

  /**
   * At most `count` messages of a branch and one page's bytes, newest first, from `fromId` upwards, or from the active
   * leaf.
   *
   * @returns null when it is not the user's room
   */
  async listBranch(
    userId: string,
    { chatroomId, fromId, count }: { chatroomId: string; fromId: string | null; count: number },
  ): Promise<(Message & BoundedRow)[] | null> {
    return toPage(await this.database.run(listBranch, { user_id: userId, chatroom_id: chatroomId, from_id: fromId, count }));
  }

  /**
   * At most `count` messages of all branches and one page's bytes, newest first, below a position.
   *
   * @returns null when it is not the user's room
   */
  async listAll(
    userId: string,
    { chatroomId, below, count }: { chatroomId: string; below: number | null; count: number },
  ): Promise<(Message & BoundedRow)[] | null> {
    return toPage(await this.database.run(listAll, { user_id: userId, chatroom_id: chatroomId, below: below ?? MAX_POSITION, count }));
  }

  /**
   * Makes the active branch of a room lead through a message to the newest one below it.
   *
   * @returns the versions of the user's list that its attempts have made; none when the message is not in the room
   */
  async activate({ userId, chatroomId, messageId }: OwnMessage): Promise<number[]> {
    for (const versions: number[] = []; ;) {
      const [row] = await this.database.run(activate, { user_id: userId, chatroom_id: chatroomId, message_id: messageId });
      if (row?.listVersion == null) return [];
      versions.push(row.listVersion);
      // Otherwise a message was accepted meanwhile, or the room was deleted.
      if (row.isActivated) return versions;
    }
  }

  /** Those of the replies that are finished or deleted, or whose model is paused, for at most `maxWaitMs`. */
  async findReplyNews(replyIds: readonly string[], maxWaitMs: number): Promise<ReplyNews[]> {
    const rows = await this.database.run(findReplyNews, { reply_ids: replyIds, max_wait_ms: maxWaitMs });
    return rows.map(({ id, isFinished, model, status, until }) => ({
      id,
      isFinished,
      pause: isFinished || until === null ? null : { model, status, until },
    }));
  }
}

const isMessage = <Row extends { readonly id: string | null }>(row: Row): row is Row & { readonly id: string } => row.id !== null;

const toPage = (rows: readonly RowOf<typeof PAGE_ROW>[]): (Message & BoundedRow)[] | null =>
  rows.length === 0 ? null : asBoundedPage<Message>(rows.filter(isMessage));
