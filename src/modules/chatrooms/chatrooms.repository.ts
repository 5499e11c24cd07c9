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
  /** Whether the number of the user was verified when the request was let in. */
  readonly isVerified: boolean;
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

export interface RoomListOptions {
  readonly userId: string;
  readonly archived: boolean;
  readonly after: { readonly at: string; readonly id: string } | null;
  readonly count: number;
}

const OWN_COLUMNS = `c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
  c.created_at, c.updated_at`;

const COLUMNS = `${OWN_COLUMNS},
  (SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1) AS active_reply_id`;

// Room, list version, count and key in one commit, or nothing where the user has as many rooms as allowed, was never counted, or ($10: the number was
// not verified when the request was let in) has lost the account to the holder of the number. The lock on the user's row makes the limit exact.
// Without a user the INSERT fails on its foreign key. The key comes last and without ON CONFLICT, so that a repeat undoes all it did.
const insert = statement<Chatroom>(
  'chatrooms_insert',
  `WITH owner AS (
     UPDATE users SET list_version = list_version + 1, chatroom_count = chatroom_count + 1
     WHERE id = $1 AND usage_counted_at IS NOT NULL AND chatroom_count < $9 AND ($10::boolean OR reclaimed_at IS NULL) RETURNING id
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

interface RoomName {
  readonly id: string;
  readonly name: string | null;
  readonly last_activity_at: Date;
}

const names = statement<RoomName>(
  'chatrooms_names',
  `SELECT c.id, c.name, c.last_activity_at FROM chatrooms c
   WHERE c.user_id = $1 AND c.archived = $2 AND (c.last_activity_at, c.id) < ($3::timestamptz, $4::uuid)
   ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $5`,
);

const findAll = statement<Chatroom & BoundedRow>(
  'chatrooms_find_all',
  withinPageBytes(
    `SELECT ${COLUMNS} FROM chatrooms c WHERE c.id = ANY ($2::uuid[]) AND c.user_id = $1 ORDER BY c.last_activity_at DESC, c.id DESC`,
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

/** Names that are read and folded at a time. */
const NAMES = 1_000;

/** Sorts after every row. */
const BEGINNING = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

@Injectable()
export class ChatroomsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param limit of chatrooms that the user may have
   * @returns null when there are so many already, when they were never counted, or when the account was taken over
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
      room.isVerified,
    ]);
    return row ?? null;
  }

  async find(userId: string, id: string): Promise<Chatroom | null> {
    const [row] = await this.database.run(find, [userId, id]);
    return row ?? null;
  }

  /** At most `count` rooms and one page's bytes after `after`, most recently active first. */
  async list({ userId, archived, after, count }: RoomListOptions): Promise<(Chatroom & BoundedRow)[]> {
    const { at, id } = after ?? BEGINNING;
    return this.database.run(list, [userId, archived, at, id, count]);
  }

  /**
   * As `list`, of the rooms whose name is a match. Names are compared here, because PostgreSQL cannot fold them as
   * search does. A user has so few rooms that all their names can be read, some at a time; a stored folded name would
   * be wrong after a write of the release before.
   */
  async listNamed(options: RoomListOptions, isMatch: (name: string) => boolean): Promise<(Chatroom & BoundedRow)[]> {
    const { userId, archived, after, count } = options;
    const found: string[] = [];
    let place = after ?? BEGINNING;
    for (;;) {
      const rooms = await this.database.run(names, [userId, archived, place.at, place.id, NAMES]);
      found.push(...rooms.filter(({ name }) => name !== null && isMatch(name)).map(({ id }) => id));
      const last = rooms.at(-1);
      if (last === undefined || rooms.length < NAMES || found.length >= count) break;
      place = { at: last.last_activity_at.toISOString(), id: last.id };
    }
    const ids = found.slice(0, count);
    const rooms = ids.length === 0 ? [] : await this.database.run(findAll, [userId, ids]);
    // A room that was deleted in between would make the page look like the last one.
    const isWhole = rooms.length === ids.length || rooms.at(-1)?.goes_on === true;
    return isWhole ? rooms : this.listNamed(options, isMatch);
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
