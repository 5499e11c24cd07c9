import type { RowOf } from '../../../database/sql-types.js';
import { markedWords } from '../search/marked-words.js';
import { countInHour } from '../usage/model-hours.js';

/*
 * Acceptance is one statement and one commit. Each step reads what the one before returned, so that all kinds lock in
 * one order (usage_days, users, chatrooms) and a refused step stops the rest.
 */

export const LIMITS = {
  basic_limit: 'int4?',
  basic_models: 'text[]',
  pro_models: 'text[]',
  max_unfinished: 'int4',
  fair_use: 'int8?',
  reply_cost: 'int8',
} as const;
export const NEW_REPLY = {
  user_id: 'uuid',
  chatroom_id: 'uuid',
  ...LIMITS,
  reply_id: 'uuid',
  key_scope: 'text?',
  key: 'text?',
  fingerprint: 'bytea?',
  request_id: 'text?',
  traceparent: 'text?',
} as const;
export const NEW_MESSAGE = {
  ...NEW_REPLY,
  message_id: 'uuid',
  content: 'text',
  words: 'text?',
  web_search: 'bool?',
  reasoning_level: 'text?',
} as const;

export const ACCEPTED = {
  isRoomFound: 'bool',
  dailyLimit: 'int4?',
  /** The finished and unfinished replies of today reached the limit of fair use. */
  isFairUseReached: 'bool',
  /** The finished ones alone did. */
  isFairUseUsedUp: 'bool',
  model: 'text?',
  /** The position of the reply; null when a limit of the day refused it. */
  position: 'int4?',
  /** The version of the chatroom list that this made; null as `position`. */
  listVersion: 'float8?',
  now: 'timestamptz',
  resetsAt: 'timestamptz',
  used: 'int4',
} as const;

/** `siblingCount` counts the alternatives that were there before. */
export const BRANCHED = { parentId: 'uuid?', siblingCount: 'int4', ...ACCEPTED } as const;

export type AcceptedRow = RowOf<typeof ACCEPTED>;
export type BranchedRow = RowOf<typeof BRANCHED>;

export const TODAY = `(now() AT TIME ZONE 'UTC')::date`;
/** The cost of the user's finished replies of today, and the most that the unfinished ones may cost. */
export const SPENT = `CASE WHEN users.spent_day >= ${TODAY} THEN users.spent_micros ELSE 0 END`;
export const RESERVED = `users.unfinished_replies * :reply_cost::bigint`;

export const DAILY_LIMIT = `CASE p.plan WHEN 'basic' THEN :basic_limit::integer END`;
export const FAIR_USE = `CASE p.plan WHEN 'pro' THEN :fair_use::bigint END`;

export const ROOM = `c.id, c.model, c.last_position AS seen, p.plan, ${TODAY} AS day, ${DAILY_LIMIT} AS daily_limit,
            CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models,
            ${FAIR_USE} AS fair_use, ${SPENT} AS spent, ${RESERVED} AS reserved`;
export const OWN_ROOM = `chatrooms c JOIN users ON users.id = c.user_id JOIN user_plans p ON p.user_id = c.user_id`;

// ON CONFLICT locks the day's row and tests its newest committed count. The INSERT branch is only reached by a limit
// above 0. Fair use is tested twice: `quota` refuses by the state at the beginning of the statement, without a lock;
// `owner` tests the newest committed state, which makes the limit exact.
/** @param bytes SQL of the bytes of text that are stored */
export const quota = (condition: string, bytes: string) => `quota AS (
     INSERT INTO usage_days AS u (user_id, day, messages)
     SELECT :user_id, room.day, 1 FROM room
     WHERE coalesce(room.daily_limit, 1) > 0 AND coalesce(room.spent + room.reserved < room.fair_use, true) AND ${condition}
     ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
       WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
     RETURNING u.day
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + ${bytes}
     FROM quota, room WHERE users.id = :user_id AND users.unfinished_replies < :max_unfinished
       AND coalesce(${SPENT} + ${RESERVED} < room.fair_use, true)
     RETURNING users.indexed_messages, users.list_version
   )`;

/** The bytes of a new message. */
export const CONTENT_BYTES = `octet_length(:content::text)`;

export const WORDS = markedWords(':words', 'branch.indexed_messages', ':user_id::uuid');

/** The model that the room names, or the plan's default where the plan does not have it. */
export const MODEL = `CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END`;

// The key comes last and without ON CONFLICT, so that a repeat waits for the first request and then undoes all it did.
export const countAndKey = (messageId: string) => `counted AS (
     ${countInHour({
       from: 'reply, room',
       id: 'reply.id',
       model: 'reply.model',
       purpose: `'reply'`,
       outcome: `'accepted'`,
       reason: 'room.plan',
     })}
     RETURNING 1
   ), key AS (
     INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
     SELECT :user_id, :key_scope, :key, :fingerprint, jsonb_build_object('message_id', ${messageId}, 'reply_id', reply.id)
     FROM reply, (SELECT count(*) FROM counted) AS one WHERE :key::text IS NOT NULL
   )`;

export const RESULT = `room.id IS NOT NULL AS "isRoomFound", room.daily_limit AS "dailyLimit",
          coalesce(room.spent + room.reserved >= room.fair_use, false) AS "isFairUseReached",
          coalesce(room.spent >= room.fair_use, false) AS "isFairUseUsedUp", reply.model, branch.last_position AS position,
          branch.list_version::float8 AS "listVersion",
          now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS "resetsAt",
          coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = :user_id AND u.day = room.day), 0) AS used
   FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true`;
