import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { PlansService } from '../subscriptions/index.js';
import { markedWords } from './search/marked-words.js';
import { toVector, WORDS_VERSION } from './search/words.js';
import { countInHour } from './usage/model-hours.js';

export interface NewReply {
  readonly userId: string;
  readonly chatroomId: string;
  readonly replyId: string;
  readonly key: IdempotencyKey | null;
}

export interface NewMessage extends NewReply {
  readonly messageId: string;
  readonly content: string;
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

const NEW_REPLY = {
  user_id: 'uuid',
  chatroom_id: 'uuid',
  basic_limit: 'int4?',
  basic_models: 'text[]',
  pro_models: 'text[]',
  max_unfinished: 'int4',
  reply_id: 'uuid',
  key_scope: 'text?',
  key: 'text?',
  fingerprint: 'bytea?',
} as const;
const NEW_MESSAGE = { ...NEW_REPLY, message_id: 'uuid', content: 'text', words: 'text?' } as const;

const ACCEPTED = {
  isRoomFound: 'bool',
  dailyLimit: 'int4?',
  model: 'text?',
  /** The position of the reply; null when the limit of the day refused it. */
  position: 'int4?',
  now: 'timestamptz',
  resetsAt: 'timestamptz',
  used: 'int4',
} as const;

/** `siblingCount` counts the alternatives that were there before. */
const BRANCHED = { parentId: 'uuid?', siblingCount: 'int4', ...ACCEPTED } as const;

export type AcceptedRow = RowOf<typeof ACCEPTED>;
export type BranchedRow = RowOf<typeof BRANCHED>;

const ROOM = `c.id, c.model, c.last_position AS seen, p.plan, (now() AT TIME ZONE 'UTC')::date AS day,
            CASE p.plan WHEN 'basic' THEN :basic_limit::integer END AS daily_limit,
            CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models`;

// ON CONFLICT locks the day's row and tests its newest committed count. The INSERT branch is only reached by a limit
// above 0.
/** @param bytes SQL of the bytes of text that are stored */
const quota = (condition: string, bytes: string) => `quota AS (
     INSERT INTO usage_days AS u (user_id, day, messages)
     SELECT :user_id, room.day, 1 FROM room WHERE coalesce(room.daily_limit, 1) > 0 AND ${condition}
     ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
       WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
     RETURNING u.day
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + ${bytes}
     FROM quota WHERE users.id = :user_id AND users.unfinished_replies < :max_unfinished
     RETURNING users.indexed_messages
   )`;

/** The bytes of a new message. */
const CONTENT_BYTES = `octet_length(:content::text)`;

const WORDS = markedWords(':words', 'branch.indexed_messages', ':user_id::uuid');

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

const RESULT = `room.id IS NOT NULL AS "isRoomFound", room.daily_limit AS "dailyLimit", reply.model, branch.last_position AS position,
          now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS "resetsAt",
          coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = :user_id AND u.day = room.day), 0) AS used
   FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true`;

// - branch: UPDATE locks the room's row, and RETURNING sees the leaf that it replaced by way of previous_leaf_id, so
//   that racing sends follow each other; reading the leaf in `room` would give them one parent.
// - message: LEFT JOIN gives a null position when quota was taken but owner or branch refused (too many unfinished
//   replies, or the room was deleted meanwhile). Null breaks NOT NULL, and the whole statement is undone, quota
//   included.
const acceptMessage = statement({
  name: 'messages_accept',
  parameters: NEW_MESSAGE,
  columns: { parentId: 'uuid?', ...ACCEPTED },
  text: `WITH room AS (
     SELECT ${ROOM} FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), ${quota('true', CONTENT_BYTES)}, branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
       active_leaf_depth = c.active_leaf_depth + 2, active_run = CASE c.active_run WHEN 0 THEN c.last_position + 1 ELSE c.active_run END,
       last_message_at = now(), last_activity_at = now()
     FROM owner WHERE c.id = :chatroom_id
     RETURNING c.last_position, c.previous_leaf_id, c.active_leaf_depth, c.active_run, owner.indexed_messages
   ), message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, completed_at)
     SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.previous_leaf_id,
            'user', 'completed', :content, ${WORDS}, ${WORDS_VERSION}, now()
     FROM quota LEFT JOIN branch ON true
     RETURNING id
   ), reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
            'model', 'pending', ${MODEL}, quota.day
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
     RETURNING c.last_position, c.active_leaf_depth, c.active_run, owner.indexed_messages,
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
     FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
       JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
       LEFT JOIN messages parent ON parent.id = CASE t.role WHEN 'user' THEN t.parent_id ELSE t.id END
     WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), ${quota('room.target_role = :target_role AND room.sibling_count < :max_siblings', CONTENT_BYTES)}, ${branchOff(2)}, message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words, words_version, completed_at)
     SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.forked_run,
            room.parent_id, 'user', 'completed', :content, ${WORDS}, ${WORDS_VERSION}, now()
     FROM quota JOIN room ON true LEFT JOIN branch ON true
     RETURNING id
   ), reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
            'model', 'pending', ${MODEL}, quota.day
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
     FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
       JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
       JOIN messages q ON q.id = CASE t.role WHEN 'user' THEN t.id ELSE t.parent_id END
     WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), ${quota('room.sibling_count < :max_siblings', '0')}, ${branchOff(1)}, reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, model, charged_day)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, branch.forked_run, room.parent_id,
            'model', 'pending', ${MODEL}, quota.day
     FROM quota JOIN room ON true LEFT JOIN branch ON true
     RETURNING id, model
   ), ${countAndKey('(SELECT parent_id FROM room)')}
   SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", ${RESULT}`,
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
 * meanwhile, whose room was deleted, or whose user has too many unfinished replies; a repeated idempotency key undoes
 * it with an error that `isRepeatedKey` knows.
 */
@Injectable()
export class AcceptanceRepository {
  private readonly limits;

  constructor(
    private readonly database: Database,
    plans: PlansService,
    @InjectConfig() { MAX_PENDING_REPLIES }: Config,
  ) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.limits = {
      basic_limit: plans.limitsOf('basic').dailyLimit,
      basic_models: modelsOf('basic'),
      pro_models: modelsOf('pro'),
      max_unfinished: MAX_PENDING_REPLIES,
    };
  }

  async acceptMessage(message: NewMessage) {
    return onlyRow(await this.database.run(acceptMessage, this.messageParameters(message)));
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

  private replyParameters({ userId, chatroomId, replyId, key }: NewReply) {
    return {
      user_id: userId,
      chatroom_id: chatroomId,
      ...this.limits,
      reply_id: replyId,
      key_scope: key?.scope ?? null,
      key: key?.key ?? null,
      fingerprint: key?.fingerprint ?? null,
    };
  }

  private messageParameters(message: NewMessage) {
    const { messageId, content } = message;
    return { ...this.replyParameters(message), message_id: messageId, content, words: toVector(content) };
  }
}

function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('An accept statement returns one row');
  return row;
}
