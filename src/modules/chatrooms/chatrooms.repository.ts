import { Injectable } from '@nestjs/common';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { Database } from '../../database/database.js';
import { type BoundedRow, withinPageBytes } from '../../database/page-bytes.js';
import { statement } from '../../database/statement.js';

/** A chatroom as its owner sees it. */
export interface Chatroom {
  readonly id: string;
  readonly name: string | null;
  readonly system_instruction: string | null;
  /** As chosen; the plan may not have it any more. */
  readonly model: string | null;
  readonly archived: boolean;
  readonly message_count: number;
  /** The oldest unfinished reply. */
  readonly active_reply_id: string | null;
  readonly last_message_at: Date | null;
  readonly last_activity_at: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface NewChatroom {
  readonly id: string;
  readonly userId: string;
  readonly name: string | null;
  readonly systemInstruction: string | null;
  readonly model: string | null;
}

/** An absent member stays as it is. */
export interface ChatroomChanges {
  readonly name?: string | null;
  readonly systemInstruction?: string | null;
  readonly model?: string | null;
  readonly archived?: boolean;
}

const OWN_COLUMNS = `c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
  c.created_at, c.updated_at`;

const COLUMNS = `${OWN_COLUMNS},
  (SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1) AS active_reply_id`;

// Room, list version, count and key in one commit, or nothing where the user has as many rooms as allowed, or was never counted. The lock on the
// user's row makes the limit exact. Without a user the INSERT fails on its foreign key. The key comes last and without ON CONFLICT, so that a repeat
// undoes all it did.
const insert = statement<Chatroom>(
  'chatrooms_insert',
  `WITH owner AS (
     UPDATE users SET list_version = list_version + 1, chatroom_count = chatroom_count + 1
     WHERE id = $1 AND usage_counted_at IS NOT NULL AND chatroom_count < $9 RETURNING id
   ), room AS (
     INSERT INTO chatrooms AS c (id, user_id, name, system_instruction, model)
     SELECT $2::uuid, $1::uuid, $3::text, $4::text, $5::text
     WHERE EXISTS (SELECT FROM owner) OR NOT EXISTS (SELECT FROM users WHERE id = $1)
     RETURNING ${OWN_COLUMNS}, NULL::uuid AS active_reply_id
   ), key AS (
     INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
     SELECT $1, $6, $7, $8, to_jsonb(room) FROM room WHERE $7::text IS NOT NULL
   )
   SELECT * FROM room`,
);

const find = statement<Chatroom>('chatrooms_find', `SELECT ${COLUMNS} FROM chatrooms c WHERE c.id = $2 AND c.user_id = $1`);

const PAGE = { as: 'c', order: 'c.last_activity_at DESC, c.id DESC', texts: ['c.system_instruction', 'c.name'] };

const list = statement<Chatroom & BoundedRow>(
  'chatrooms_list',
  withinPageBytes(
    `SELECT ${COLUMNS} FROM chatrooms c
     WHERE c.user_id = $1 AND c.archived = $2 AND (c.last_activity_at, c.id) < ($3::timestamptz, $4::uuid)
     ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $5`,
    PAGE,
  ),
);

const search = statement<Chatroom & BoundedRow>(
  'chatrooms_search',
  withinPageBytes(
    `SELECT ${COLUMNS} FROM chatrooms c
     WHERE c.user_id = $1 AND c.archived = $2 AND (c.last_activity_at, c.id) < ($3::timestamptz, $4::uuid) AND c.name ILIKE $6
     ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $5`,
    PAGE,
  ),
);

// A flag for each member tells "leave it" from "make it null".
const update = statement<Chatroom>(
  'chatrooms_update',
  `WITH owner AS (
     UPDATE users SET list_version = list_version + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM chatrooms WHERE id = $2 AND user_id = $1) RETURNING id
   )
   UPDATE chatrooms c SET
     name = CASE WHEN $3 THEN $4::text ELSE c.name END,
     system_instruction = CASE WHEN $5 THEN $6::text ELSE c.system_instruction END,
     model = CASE WHEN $7 THEN $8::text ELSE c.model END,
     archived = coalesce($9::boolean, c.archived),
     updated_at = now()
   FROM owner WHERE c.id = $2 AND c.user_id = owner.id
   RETURNING ${COLUMNS}`,
);

/** Sorts after every row. */
const BEGINNING = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

@Injectable()
export class ChatroomsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param limit of chatrooms that the user may have
   * @returns null when there are so many already, or when they were never counted
   * @throws an error that `isRepeatedKey` knows
   */
  async insert(room: NewChatroom, key: IdempotencyKey | null, limit: number): Promise<Chatroom | null> {
    const [row] = await this.database.run(insert, [
      room.userId,
      room.id,
      room.name,
      room.systemInstruction,
      room.model,
      key?.scope ?? null,
      key?.key ?? null,
      key?.fingerprint ?? null,
      limit,
    ]);
    return row ?? null;
  }

  async find(userId: string, id: string): Promise<Chatroom | null> {
    const [row] = await this.database.run(find, [userId, id]);
    return row ?? null;
  }

  /** At most `count` rooms and one page's bytes after `after`, most recently active first. */
  async list(options: {
    userId: string;
    archived: boolean;
    q: string | null;
    after: { at: string; id: string } | null;
    count: number;
  }): Promise<(Chatroom & BoundedRow)[]> {
    const { at, id } = options.after ?? BEGINNING;
    const values = [options.userId, options.archived, at, id, options.count];
    if (options.q === null) return this.database.run(list, values);
    return this.database.run(search, [...values, `%${options.q.replace(/[\\%_]/g, '\\$&')}%`]);
  }

  async update(userId: string, id: string, changes: ChatroomChanges): Promise<Chatroom | null> {
    const { name, systemInstruction, model, archived } = changes;
    const [row] = await this.database.run(update, [
      userId,
      id,
      name !== undefined,
      name ?? null,
      systemInstruction !== undefined,
      systemInstruction ?? null,
      model !== undefined,
      model ?? null,
      archived ?? null,
    ]);
    return row ?? null;
  }
}
