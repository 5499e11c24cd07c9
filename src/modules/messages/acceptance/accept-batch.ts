import { type RowOf, typed } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { markedWords } from '../search/marked-words.js';
import { WORDS_VERSION } from '../search/words.js';
import { countInHour } from '../usage/model-hours.js';
import { DAILY_LIMIT, FAIR_USE, LIMITS, MODEL, OWN_ROOM, RESERVED, ROOM, SPENT, TODAY } from './steps.js';

const BATCH = {
  ...LIMITS,
  user_ids: 'uuid[]',
  chatroom_ids: 'uuid[]',
  message_ids: 'uuid[]',
  reply_ids: 'uuid[]',
  contents: 'text[]',
  words: typed<readonly (string | null)[]>('text[]'),
  web_searches: typed<readonly (boolean | null)[]>('bool[]'),
  reasoning_levels: typed<readonly (string | null)[]>('text[]'),
  key_scopes: typed<readonly (string | null)[]>('text[]'),
  keys: typed<readonly (string | null)[]>('text[]'),
  fingerprints: typed<readonly (Buffer | null)[]>('bytea[]'),
  request_ids: typed<readonly (string | null)[]>('text[]'),
  traceparents: typed<readonly (string | null)[]>('text[]'),
} as const;

/** `position` is null for a message that was left out because its key is stored already. */
const ACCEPTED_IN_BATCH = {
  replyId: 'uuid',
  parentId: 'uuid?',
  model: 'text?',
  position: 'int4?',
  listVersion: 'float8?',
  now: 'timestamptz',
} as const;

export type AcceptedInBatchRow = RowOf<typeof ACCEPTED_IN_BATCH>;

/*
 * Accepts messages of different users, each as `acceptMessage` does, or leaves them out: a message that would be
 * refused, the first one of a user's day, and one whose day, user or room another transaction has locked. So no message
 * delays the others, and the statement waits for no lock before it has all of them: it can be part of no deadlock.
 *
 * - room: FOR NO KEY UPDATE tests and returns the newest committed versions of the three rows, which stay locked until
 *   the commit. So the next steps may rely on what it returned.
 * - counted: in the order of the table's key, as batches of other processes count in the same rows.
 */
export const acceptBatch = statement({
  name: 'messages_accept_batch',
  parameters: BATCH,
  columns: ACCEPTED_IN_BATCH,
  text: `WITH sent AS (
     SELECT * FROM unnest(:user_ids::uuid[], :chatroom_ids::uuid[], :message_ids::uuid[], :reply_ids::uuid[], :contents::text[], :words::text[],
       :web_searches::boolean[], :reasoning_levels::text[], :key_scopes::text[], :keys::text[], :fingerprints::bytea[],
       :request_ids::text[], :traceparents::text[])
       AS one (user_id, chatroom_id, message_id, reply_id, content, words, web_search, reasoning_level, key_scope, key, fingerprint,
         request_id, traceparent)
   ), room AS (
     SELECT sent.user_id, sent.message_id, sent.reply_id, sent.content, sent.words, sent.web_search, sent.reasoning_level,
            sent.key_scope, sent.key, sent.fingerprint, sent.request_id, sent.traceparent, ${ROOM},
            c.active_leaf_id, c.active_leaf_depth, CASE c.active_run WHEN 0 THEN c.last_position + 1 ELSE c.active_run END AS run,
            users.indexed_messages, users.list_version + 1 AS list_version
     FROM sent
       JOIN (${OWN_ROOM}) ON c.id = sent.chatroom_id AND c.user_id = sent.user_id
       JOIN usage_days d ON d.user_id = sent.user_id AND d.day = ${TODAY}
     WHERE coalesce(d.messages < ${DAILY_LIMIT}, true) AND coalesce(${SPENT} + ${RESERVED} < ${FAIR_USE}, true)
       AND users.unfinished_replies < :max_unfinished
       AND NOT EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.user_id = sent.user_id AND k.scope = sent.key_scope AND k.key = sent.key)
     FOR NO KEY UPDATE OF d, users, c SKIP LOCKED
   ), quota AS (
     UPDATE usage_days d SET messages = d.messages + 1 FROM room WHERE d.user_id = room.user_id AND d.day = room.day
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length(room.content)
     FROM room WHERE users.id = room.user_id
   ), branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = room.reply_id,
       active_leaf_depth = c.active_leaf_depth + 2, active_run = room.run, last_message_at = now(), last_activity_at = now()
     FROM room WHERE c.id = room.id
   ), exchange AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, completed_at,
       model, charged_day, web_search, reasoning_level, request_id, traceparent)
     SELECT m.id, room.id, room.user_id, room.seen + m.n, room.active_leaf_depth + m.n, room.run, m.parent_id,
            m.role, m.status, m.content, m.words, m.words_version, m.completed_at, m.model, m.charged_day,
            m.web_search, m.reasoning_level, m.request_id, m.traceparent
     FROM room CROSS JOIN LATERAL (VALUES
       (1, room.message_id, room.active_leaf_id, 'user', 'completed', room.content,
         ${markedWords('room.words', 'room.indexed_messages + 1', 'room.user_id')}, ${WORDS_VERSION}, now(), NULL, NULL,
         room.web_search, room.reasoning_level, NULL, NULL),
       (2, room.reply_id, room.message_id, 'model', 'pending', '', NULL, 1, NULL, ${MODEL}, room.day, NULL, NULL,
         room.request_id, room.traceparent)
     ) AS m (n, id, parent_id, role, status, content, words, words_version, completed_at, model, charged_day, web_search, reasoning_level,
       request_id, traceparent)
   ), counted AS (
     ${countInHour({
       from: `(
         SELECT ${MODEL} AS model, room.plan, count(*) AS count, (array_agg(room.reply_id))[1] AS id FROM room GROUP BY 1, 2 ORDER BY 1, 2
       ) AS accepted`,
       count: 'accepted.count',
       id: 'accepted.id',
       model: 'accepted.model',
       purpose: `'reply'`,
       outcome: `'accepted'`,
       reason: 'accepted.plan',
     })}
     RETURNING 1
   ), key AS (
     INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
     SELECT room.user_id, room.key_scope, room.key, room.fingerprint, jsonb_build_object('message_id', room.message_id, 'reply_id', room.reply_id)
     FROM room, (SELECT count(*) FROM counted) AS one WHERE room.key IS NOT NULL
   )
   SELECT room.reply_id AS "replyId", room.active_leaf_id AS "parentId", ${MODEL} AS model, room.seen + 2 AS position,
          room.list_version::float8 AS "listVersion", now()::timestamptz(3) AS now
   FROM room
   UNION ALL SELECT sent.reply_id, NULL, NULL, NULL, NULL, now()::timestamptz(3)
   FROM sent JOIN idempotency_keys k ON k.user_id = sent.user_id AND k.scope = sent.key_scope AND k.key = sent.key`,
});
