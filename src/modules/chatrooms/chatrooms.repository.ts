import { Injectable } from '@nestjs/common';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { Database } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type BoundedRow, withinPageBytes } from '../../database/page-bytes.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import type { ReasoningLevel } from '../../config/models.js';
import type { ReplyOptions } from '../subscriptions/index.js';
import { ChatroomEntity } from './chatroom.entity.js';

const CHATROOM = columnsOf(ChatroomEntity, [
  'id',
  'name',
  'systemInstruction',
  'model',
  'webSearch',
  'reasoning',
  'archived',
  'lastPosition',
  'lastMessageAt',
  'lastActivityAt',
  'createdAt',
  'updatedAt',
]);

const COLUMNS = { ...CHATROOM.columns, activeReplyId: 'uuid?' } as const;
/** The version that a statement has made which changes the list. */
const CHANGED = { ...COLUMNS, listVersion: 'float8' } as const;

/**
 * A chatroom as its owner sees it: `model`, `webSearch` and `reasoning` as they were chosen, which the plan may not
 * include any more, and `activeReplyId`, the oldest unfinished reply.
 */
export type Chatroom = RowOf<typeof COLUMNS>;

export type ChangedChatroom = RowOf<typeof CHANGED>;

export interface NewChatroom extends ReplyOptions {
  readonly id: string;
  readonly userId: string;
  /** Whether the user's number was verified when the request was let in. */
  readonly isVerified: boolean;
  readonly name: string | null;
  readonly systemInstruction: string | null;
  readonly model: string | null;
}

/** An absent member stays unchanged. */
export interface ChatroomChanges {
  readonly name?: string | null;
  readonly systemInstruction?: string | null;
  readonly model?: string | null;
  readonly webSearch?: boolean;
  readonly reasoning?: ReasoningLevel | null;
  readonly archived?: boolean;
}

export interface ChatroomListOptions {
  readonly userId: string;
  readonly archived: boolean;
  readonly after: { readonly at: string; readonly id: string } | null;
  readonly count: number;
}

const SELECTED = `${CHATROOM.sql('c')},
     (SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1)
       AS "activeReplyId"`;

// Room, list version, count and key are written in one commit, or nothing is: where the user has as many rooms as
// allowed, where the rooms were never counted, or where the account went to the holder of the number (is_verified: the
// number was verified when the request was let in). The lock on the user's row makes the limit exact. Without a user
// the INSERT fails on its foreign key. The key comes last and without ON CONFLICT, so that a repeat undoes everything.
// Releases that run side by side read each other's results: their names stay as they are.
const insert = statement({
  name: 'chatrooms_insert',
  parameters: {
    user_id: 'uuid',
    id: 'uuid',
    name: 'text?',
    system_instruction: 'text?',
    model: 'text?',
    web_search: 'bool',
    reasoning: typed<ReasoningLevel | null>('text'),
    scope: 'text?',
    key: 'text?',
    fingerprint: 'bytea?',
    limit: 'int4',
    is_verified: 'bool',
  },
  columns: CHANGED,
  text: `WITH owner AS (
     UPDATE users SET list_version = list_version + 1, chatroom_count = chatroom_count + 1
     WHERE id = :user_id AND usage_counted_at IS NOT NULL AND chatroom_count < :limit AND (:is_verified OR reclaimed_at IS NULL)
     RETURNING id, list_version
   ), room AS (
     INSERT INTO chatrooms (id, user_id, name, system_instruction, model, web_search, reasoning)
     SELECT :id, :user_id, :name, :system_instruction, :model, :web_search, :reasoning
     WHERE EXISTS (SELECT FROM owner) OR NOT EXISTS (SELECT FROM users WHERE id = :user_id)
     RETURNING *
   ), result AS (
     SELECT id, name, system_instruction, model, web_search, reasoning, archived, last_position AS message_count, last_message_at,
       last_activity_at, created_at, updated_at, NULL::uuid AS active_reply_id
     FROM room
   ), key AS (
     INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
     SELECT :user_id, :scope, :key, :fingerprint, to_jsonb(result) FROM result WHERE :key::text IS NOT NULL
   )
   SELECT ${CHATROOM.sql()}, NULL::uuid AS "activeReplyId",
     (SELECT list_version FROM owner)::float8 AS "listVersion" FROM room`,
});

const find = statement({
  name: 'chatrooms_find',
  parameters: { user_id: 'uuid', id: 'uuid' },
  columns: COLUMNS,
  text: `SELECT ${SELECTED} FROM chatrooms c WHERE c.id = :id AND c.user_id = :user_id`,
});

const PAGE = {
  parameters: { user_id: 'uuid', archived: 'bool', after_at: typed<string>('timestamptz'), after_id: 'uuid', count: 'int8' },
  conditions: `c.user_id = :user_id AND c.archived = :archived AND (c.last_activity_at, c.id) < (:after_at, :after_id)`,
  order: `c.last_activity_at DESC, c.id DESC`,
  bounds: { as: 'c', order: 'c."lastActivityAt" DESC, c.id DESC', texts: ['c."systemInstruction"', 'c.name'] },
} as const;

const list = statement({
  name: 'chatrooms_list',
  parameters: PAGE.parameters,
  columns: { ...COLUMNS, goes_on: 'bool' },
  text: withinPageBytes(`SELECT ${SELECTED} FROM chatrooms c WHERE ${PAGE.conditions} ORDER BY ${PAGE.order} LIMIT :count`, PAGE.bounds),
});

const NAME = columnsOf(ChatroomEntity, ['id', 'name', 'lastActivityAt']);

const listNames = statement({
  name: 'chatrooms_names',
  parameters: PAGE.parameters,
  columns: NAME.columns,
  text: `SELECT ${NAME.sql('c')} FROM chatrooms c WHERE ${PAGE.conditions} ORDER BY ${PAGE.order} LIMIT :count`,
});

const findAll = statement({
  name: 'chatrooms_find_all',
  parameters: { user_id: 'uuid', ids: 'uuid[]' },
  columns: { ...COLUMNS, goes_on: 'bool' },
  text: withinPageBytes(
    `SELECT ${SELECTED} FROM chatrooms c WHERE c.id = ANY (:ids) AND c.user_id = :user_id ORDER BY ${PAGE.order}`,
    PAGE.bounds,
  ),
});

// A flag for each column that may be null says whether it changes. The list version is raised in the same commit.
const update = statement({
  name: 'chatrooms_update',
  parameters: {
    user_id: 'uuid',
    id: 'uuid',
    sets_name: 'bool',
    name: 'text?',
    sets_instruction: 'bool',
    system_instruction: 'text?',
    sets_model: 'bool',
    model: 'text?',
    web_search: 'bool?',
    sets_reasoning: 'bool',
    reasoning: typed<ReasoningLevel | null>('text'),
    archived: 'bool?',
  },
  columns: CHANGED,
  text: `WITH owner AS (
     UPDATE users SET list_version = list_version + 1
     WHERE id = :user_id AND EXISTS (SELECT FROM chatrooms WHERE id = :id AND user_id = :user_id)
     RETURNING id, list_version
   )
   UPDATE chatrooms c SET
     name = CASE WHEN :sets_name THEN :name ELSE c.name END,
     system_instruction = CASE WHEN :sets_instruction THEN :system_instruction ELSE c.system_instruction END,
     model = CASE WHEN :sets_model THEN :model ELSE c.model END,
     web_search = coalesce(:web_search, c.web_search),
     reasoning = CASE WHEN :sets_reasoning THEN :reasoning ELSE c.reasoning END,
     archived = coalesce(:archived, c.archived),
     updated_at = now()
   FROM owner WHERE c.id = :id AND c.user_id = owner.id
   RETURNING ${SELECTED}, owner.list_version::float8 AS "listVersion"`,
});

/** The number of names that are read and compared at a time. */
const NAME_COUNT = 1_000;

/** Sorts after every row. */
const BEGINNING = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

@Injectable()
export class ChatroomsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param limit the number of chatrooms that the user may have
   * @returns null when the limit is reached, when the rooms were never counted, or when the account was taken over
   * @throws an error that `isRepeatedKey` knows
   */
  async insert(room: NewChatroom, key: IdempotencyKey | null, limit: number): Promise<ChangedChatroom | null> {
    const [row] = await this.database.run(insert, {
      user_id: room.userId,
      id: room.id,
      name: room.name,
      system_instruction: room.systemInstruction,
      model: room.model,
      web_search: room.webSearch,
      reasoning: room.reasoning,
      scope: key?.scope ?? null,
      key: key?.key ?? null,
      fingerprint: key?.fingerprint ?? null,
      limit,
      is_verified: room.isVerified,
    });
    return row ?? null;
  }

  async find(userId: string, id: string): Promise<Chatroom | null> {
    const [row] = await this.database.run(find, { user_id: userId, id });
    return row ?? null;
  }

  /** Lists at most `count` rooms and one page's bytes after `after`, most recently active first. */
  list({ userId, archived, after, count }: ChatroomListOptions): Promise<(Chatroom & BoundedRow)[]> {
    const { at, id } = after ?? BEGINNING;
    return this.database.run(list, { user_id: userId, archived, after_at: at, after_id: id, count });
  }

  /**
   * Lists like `list` the rooms whose name matches. Names are compared here, because PostgreSQL cannot fold them as
   * search does. A user has so few rooms that all their names can be read, a part at a time; a stored folded name would
   * be wrong after a write of the previous release.
   */
  async listNamed(options: ChatroomListOptions, isMatch: (name: string) => boolean): Promise<(Chatroom & BoundedRow)[]> {
    const { userId, archived, after, count } = options;
    const found: string[] = [];
    for (let cursor = after ?? BEGINNING; ;) {
      const rooms = await this.database.run(listNames, {
        user_id: userId,
        archived,
        after_at: cursor.at,
        after_id: cursor.id,
        count: NAME_COUNT,
      });
      found.push(...rooms.filter(({ name }) => name !== null && isMatch(name)).map(({ id }) => id));
      const last = rooms.at(-1);
      if (last === undefined || rooms.length < NAME_COUNT || found.length >= count) break;
      cursor = { at: last.lastActivityAt.toISOString(), id: last.id };
    }
    const ids = found.slice(0, count);
    const rooms = ids.length === 0 ? [] : await this.database.run(findAll, { user_id: userId, ids });
    // A room that was deleted in between would make the page look like the last one.
    const isComplete = rooms.length === ids.length || rooms.at(-1)?.goes_on === true;
    return isComplete ? rooms : this.listNamed(options, isMatch);
  }

  async update(userId: string, id: string, changes: ChatroomChanges): Promise<ChangedChatroom | null> {
    const { name, systemInstruction, model, webSearch, reasoning, archived } = changes;
    const [row] = await this.database.run(update, {
      user_id: userId,
      id,
      sets_name: name !== undefined,
      name: name ?? null,
      sets_instruction: systemInstruction !== undefined,
      system_instruction: systemInstruction ?? null,
      sets_model: model !== undefined,
      model: model ?? null,
      web_search: webSearch ?? null,
      sets_reasoning: reasoning !== undefined,
      reasoning: reasoning ?? null,
      archived: archived ?? null,
    });
    return row ?? null;
  }
}
