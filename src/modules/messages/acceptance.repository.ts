import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import type { Origin } from '../../common/request-context.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { ReasoningLevel } from '../../config/models.js';
import { Database } from '../../database/database.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { IS_TAKEABLE, searchableText, type StoredAttachment } from '../attachments/index.js';
import { PlansService } from '../subscriptions/index.js';
import { markedWords } from './search/marked-words.js';
import { toVector, WORDS_VERSION } from './search/words.js';
import { FairUseService } from './usage/fair-use.service.js';
import { countInHour } from './usage/model-hours.js';

export interface NewReply {
  readonly userId: string;
  readonly chatroomId: string;
  readonly replyId: string;
  readonly key: IdempotencyKey | null;
  readonly origin: Origin;
}

/** How the replies of a message are made, where it does not leave that to its room (null). */
export interface ReplyChoice {
  readonly webSearch: boolean | null;
  readonly reasoningLevel: ReasoningLevel | 'default' | null;
}

export interface NewMessage extends NewReply {
  readonly messageId: string;
  readonly content: string;
  readonly choice: ReplyChoice;
  /** In the order in which the message has them. */
  readonly attachments: readonly StoredAttachment[];
}

export interface NewBranch extends NewMessage {
  /** The branch begins beside this message of the user, or after this reply. */
  readonly target: { readonly id: string; readonly role: 'user' | 'model' };
}

export interface NewAlternative extends NewReply {
  /** The message that gets another reply, or one of its replies. */
  readonly targetId: string;
}

/** A message has at most this many alternatives. */
export const MAX_SIBLINGS = 100;

/*
 * Acceptance is one statement and one commit. Each step reads what the one before returned, so that all kinds lock in
 * one order (usage_days, users, chatrooms) and a refused step stops the rest.
 */

const LIMITS = {
  basic_limit: 'int4?',
  basic_models: 'text[]',
  pro_models: 'text[]',
  max_unfinished: 'int4',
  fair_use: 'int8?',
  reply_cost: 'int8',
} as const;
const NEW_REPLY = {
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
const NEW_MESSAGE = {
  ...NEW_REPLY,
  message_id: 'uuid',
  content: 'text',
  words: 'text?',
  web_search: 'bool?',
  reasoning_level: 'text?',
  attachment_ids: 'uuid[]',
} as const;

const ACCEPTED = {
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
const BRANCHED = { parentId: 'uuid?', siblingCount: 'int4', ...ACCEPTED } as const;

export type AcceptedRow = RowOf<typeof ACCEPTED>;
export type BranchedRow = RowOf<typeof BRANCHED>;

const TODAY = `(now() AT TIME ZONE 'UTC')::date`;
/** The cost of the user's finished replies of today, and the most that the unfinished ones may cost. */
const SPENT = `CASE WHEN users.spent_day >= ${TODAY} THEN users.spent_micros ELSE 0 END`;
const RESERVED = `users.unfinished_replies * :reply_cost::bigint`;

const DAILY_LIMIT = `CASE p.plan WHEN 'basic' THEN :basic_limit::integer END`;
const FAIR_USE = `CASE p.plan WHEN 'pro' THEN :fair_use::bigint END`;

const ROOM = `c.id, c.model, c.last_position AS seen, p.plan, ${TODAY} AS day, ${DAILY_LIMIT} AS daily_limit,
            CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models,
            ${FAIR_USE} AS fair_use, ${SPENT} AS spent, ${RESERVED} AS reserved`;
const OWN_ROOM = `chatrooms c JOIN users ON users.id = c.user_id JOIN user_plans p ON p.user_id = c.user_id`;

// ON CONFLICT locks the day's row and tests its newest committed count. The INSERT branch is only reached by a limit
// above 0. Fair use is tested twice: `quota` refuses by the state at the beginning of the statement, without a lock;
// `owner` tests the newest committed state, which makes the limit exact.
/** @param bytes SQL of the bytes of text that are stored */
const quota = (condition: string, bytes: string) => `quota AS (
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
const CONTENT_BYTES = `octet_length(:content::text)`;

const WORDS = markedWords(':words', 'branch.indexed_messages', ':user_id::uuid');

/** True where the message may have all its attachments. */
const ARE_TAKEABLE = `cardinality(:attachment_ids::uuid[]) = (
       SELECT count(*) FROM attachments a WHERE a.id = ANY (:attachment_ids::uuid[]) AND ${IS_TAKEABLE})`;
/** Locks them after the room. One that was deleted or taken meanwhile is missing from `held`. */
const HELD = `held AS (
     UPDATE attachments a SET is_held = true FROM branch WHERE a.id = ANY (:attachment_ids::uuid[]) AND ${IS_TAKEABLE} RETURNING a.id
   )`;
const ARE_HELD = `(SELECT count(*) FROM held) = cardinality(:attachment_ids::uuid[])`;
const ATTACH = `attached AS (
     INSERT INTO message_attachments (message_id, position, attachment_id)
     SELECT message.id, file.n, file.id FROM message, unnest(:attachment_ids::uuid[]) WITH ORDINALITY AS file(id, n)
   )`;

/** The model that the room names, or the plan's default where the plan does not have it. */
const MODEL = `CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END`;

// The key comes last and without ON CONFLICT, so that a repeat waits for the first request and then undoes all it did.
const countAndKey = (messageId: string) => `counted AS (
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

const RESULT = `room.id IS NOT NULL AS "isRoomFound", room.daily_limit AS "dailyLimit",
          coalesce(room.spent + room.reserved >= room.fair_use, false) AS "isFairUseReached",
          coalesce(room.spent >= room.fair_use, false) AS "isFairUseUsedUp", reply.model, branch.last_position AS position,
          branch.list_version::float8 AS "listVersion",
          now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS "resetsAt",
          coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = :user_id AND u.day = room.day), 0) AS used
   FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true`;

// - branch: UPDATE locks the room's row, and RETURNING sees the leaf that it replaced by way of previous_leaf_id, so
//   that racing sends follow each other; reading the leaf in `room` would give them one parent.
// - message: LEFT JOIN gives a null position when quota was taken but owner or branch refused (too many unfinished
//   replies, the limit of fair use, or the room was deleted meanwhile), or an attachment was. Null breaks NOT NULL, and
//   the whole statement is undone, quota included.
const acceptMessage = statement({
  name: 'messages_accept',
  parameters: NEW_MESSAGE,
  columns: { parentId: 'uuid?', ...ACCEPTED },
  text: `WITH room AS (
     SELECT ${ROOM} FROM ${OWN_ROOM} WHERE c.id = :chatroom_id AND c.user_id = :user_id AND ${ARE_TAKEABLE}
   ), ${quota('true', CONTENT_BYTES)}, branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
       active_leaf_depth = c.active_leaf_depth + 2, active_run = CASE c.active_run WHEN 0 THEN c.last_position + 1 ELSE c.active_run END,
       last_message_at = now(), last_activity_at = now()
     FROM owner WHERE c.id = :chatroom_id
     RETURNING c.last_position, c.previous_leaf_id, c.active_leaf_depth, c.active_run, owner.indexed_messages, owner.list_version
   ), ${HELD}, message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, completed_at,
       web_search, reasoning_level)
     SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.previous_leaf_id,
            'user', 'completed', :content, ${WORDS}, ${WORDS_VERSION}, now(), :web_search, :reasoning_level
     FROM quota LEFT JOIN branch ON ${ARE_HELD}
     RETURNING id
   ), ${ATTACH}, reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day,
       request_id, traceparent)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
            'model', 'pending', ${MODEL}, quota.day, :request_id, :traceparent
     FROM message, branch, quota, room
     RETURNING id, model
   ), ${countAndKey(':message_id::uuid')}
   SELECT branch.previous_leaf_id AS "parentId", ${RESULT}`,
});

/*
 * The following statements read the tree (the parent and its children) before the room is locked. `seen` makes that
 * exact: if anything was accepted meanwhile, branch finds another last_position and gives no row, and the statement is
 * undone as above and run again, on the tree as it is by then.
 */

/**
 * Takes `length` positions for a branch below `room.parent_*`. The first child of a message continues the run of its
 * parent; every other child begins a run.
 */
const branchOff = (length: 1 | 2) => `branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + ${length}, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
       active_leaf_depth = room.parent_depth + ${length},
       active_run = CASE WHEN room.sibling_count = 0 AND room.parent_run IS NOT NULL THEN room.parent_run ELSE c.last_position + 1 END,
       last_message_at = now(), last_activity_at = now()
     FROM owner, room WHERE c.id = :chatroom_id AND c.last_position = room.seen
     RETURNING c.last_position, c.active_leaf_depth, c.active_run, owner.indexed_messages, owner.list_version,
       CASE WHEN c.active_run > c.last_position - ${length} THEN room.parent_run END AS forked_run
   )`;

/** A message beside another one or after a given reply, and the reply to it. */
const acceptBranch = statement({
  name: 'messages_accept_branch',
  parameters: { ...NEW_MESSAGE, target_id: 'uuid', target_role: typed<'user' | 'model'>('text'), max_siblings: 'int4' },
  columns: { parentId: 'uuid?', siblingCount: 'int4', targetRole: typed<'user' | 'model' | null>('text'), ...ACCEPTED },
  text: `WITH room AS (
     SELECT ${ROOM}, t.role AS target_role, parent.id AS parent_id, coalesce(parent.depth, 0) AS parent_depth, parent.run AS parent_run,
            CASE WHEN parent.id IS NULL
              THEN (SELECT count(*)::integer FROM messages s WHERE s.chatroom_id = c.id AND s.parent_id IS NULL)
              ELSE (SELECT count(*)::integer FROM messages s WHERE s.parent_id = parent.id)
            END AS sibling_count
     FROM ${OWN_ROOM}
       JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
       LEFT JOIN messages parent ON parent.id = CASE t.role WHEN 'user' THEN t.parent_id ELSE t.id END
     WHERE c.id = :chatroom_id AND c.user_id = :user_id AND ${ARE_TAKEABLE}
   ), ${quota('room.target_role = :target_role AND room.sibling_count < :max_siblings', CONTENT_BYTES)}, ${branchOff(2)}, ${HELD}, message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words, words_version,
       completed_at, web_search, reasoning_level)
     SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.forked_run,
            room.parent_id, 'user', 'completed', :content, ${WORDS}, ${WORDS_VERSION}, now(), :web_search, :reasoning_level
     FROM quota JOIN room ON true LEFT JOIN branch ON ${ARE_HELD}
     RETURNING id
   ), ${ATTACH}, reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day,
       request_id, traceparent)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
            'model', 'pending', ${MODEL}, quota.day, :request_id, :traceparent
     FROM message, branch, quota, room
     RETURNING id, model
   ), ${countAndKey(':message_id::uuid')}
   SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", room.target_role AS "targetRole", ${RESULT}`,
});

/** Another reply to a message. */
const acceptReply = statement({
  name: 'messages_accept_reply',
  parameters: { ...NEW_REPLY, target_id: 'uuid', max_siblings: 'int4' },
  columns: BRANCHED,
  text: `WITH room AS (
     SELECT ${ROOM}, q.id AS parent_id, q.depth AS parent_depth, q.run AS parent_run,
            (SELECT count(*)::integer FROM messages s WHERE s.parent_id = q.id) AS sibling_count
     FROM ${OWN_ROOM}
       JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
       JOIN messages q ON q.id = CASE t.role WHEN 'user' THEN t.id ELSE t.parent_id END
     WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), ${quota('room.sibling_count < :max_siblings', '0')}, ${branchOff(1)}, reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, model, charged_day,
       request_id, traceparent)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, branch.forked_run, room.parent_id,
            'model', 'pending', ${MODEL}, quota.day, :request_id, :traceparent
     FROM quota JOIN room ON true LEFT JOIN branch ON true
     RETURNING id, model
   ), ${countAndKey('(SELECT parent_id FROM room)')}
   SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", ${RESULT}`,
});

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
const acceptBatch = statement({
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

const findUndoneState = statement({
  name: 'messages_accept_why_undone',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid' },
  columns: { unfinishedReplies: 'int4', isRoomFound: 'bool' },
  text: `SELECT u.unfinished_replies AS "unfinishedReplies",
     EXISTS (SELECT 1 FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = u.id) AS "isRoomFound"
   FROM users u WHERE u.id = :user_id`,
});

/**
 * Each method commits what it accepts, or nothing. A violated NOT NULL constraint undoes a statement whose tree changed
 * meanwhile, whose room or attachments were deleted, or whose user has too many unfinished replies or has just reached
 * the limit of fair use; a repeated idempotency key undoes it with an error that `isRepeatedKey` knows.
 */
@Injectable()
export class AcceptanceRepository {
  private readonly limits;

  constructor(
    private readonly database: Database,
    plans: PlansService,
    fairUse: FairUseService,
    @InjectConfig() { MAX_PENDING_REPLIES }: Config,
  ) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.limits = {
      basic_limit: plans.limitsOf('basic').dailyLimit,
      basic_models: modelsOf('basic'),
      pro_models: modelsOf('pro'),
      max_unfinished: MAX_PENDING_REPLIES,
      fair_use: fairUse.limitMicros,
      reply_cost: fairUse.replyMicros,
    };
  }

  async acceptMessage(message: NewMessage) {
    return onlyRow(await this.database.run(acceptMessage, this.messageParameters(message)));
  }

  /**
   * Accepts messages of different users in one commit. Those that are not returned were left out, and nothing is
   * decided about them.
   */
  async acceptBatch(messages: readonly NewMessage[]): Promise<AcceptedInBatchRow[]> {
    return this.database.run(acceptBatch, {
      ...this.limits,
      user_ids: messages.map(({ userId }) => userId),
      chatroom_ids: messages.map(({ chatroomId }) => chatroomId),
      message_ids: messages.map(({ messageId }) => messageId),
      reply_ids: messages.map(({ replyId }) => replyId),
      contents: messages.map(({ content }) => content),
      words: messages.map(({ content }) => toVector(content)),
      web_searches: messages.map(({ choice }) => choice.webSearch),
      reasoning_levels: messages.map(({ choice }) => choice.reasoningLevel),
      key_scopes: messages.map(({ key }) => key?.scope ?? null),
      keys: messages.map(({ key }) => key?.key ?? null),
      fingerprints: messages.map(({ key }) => key?.fingerprint ?? null),
      request_ids: messages.map(({ origin }) => origin.requestId),
      traceparents: messages.map(({ origin }) => origin.traceparent),
    });
  }

  async acceptBranch(branch: NewBranch) {
    const { id: target_id, role: target_role } = branch.target;
    const parameters = { ...this.messageParameters(branch), target_id, target_role, max_siblings: MAX_SIBLINGS };
    return onlyRow(await this.database.run(acceptBranch, parameters));
  }

  async acceptReply(reply: NewAlternative): Promise<BranchedRow> {
    const parameters = { ...this.replyParameters(reply), target_id: reply.targetId, max_siblings: MAX_SIBLINGS };
    return onlyRow(await this.database.run(acceptReply, parameters));
  }

  /**
   * The state that may have undone a statement: the number of the user's unfinished replies, and whether the room
   * exists.
   */
  async findUndoneState({ userId, chatroomId }: Pick<NewReply, 'userId' | 'chatroomId'>) {
    return (await this.database.run(findUndoneState, { user_id: userId, chatroom_id: chatroomId }))[0] ?? null;
  }

  private replyParameters({ userId, chatroomId, replyId, key, origin }: NewReply) {
    return {
      user_id: userId,
      chatroom_id: chatroomId,
      ...this.limits,
      reply_id: replyId,
      key_scope: key?.scope ?? null,
      key: key?.key ?? null,
      fingerprint: key?.fingerprint ?? null,
      request_id: origin.requestId,
      traceparent: origin.traceparent,
    };
  }

  private messageParameters(message: NewMessage) {
    const { messageId, content, choice, attachments } = message;
    return {
      ...this.replyParameters(message),
      message_id: messageId,
      content,
      words: toVector(searchableText(content, attachments)),
      web_search: choice.webSearch,
      reasoning_level: choice.reasoningLevel,
      attachment_ids: attachments.map(({ id }) => id),
    };
  }
}

function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('An accept statement returns one row');
  return row;
}
