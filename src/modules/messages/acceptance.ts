import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { sqlState } from '../../database/database.errors.js';
import { type Statement, statement } from '../../database/statement.js';
import { PlansService } from '../subscriptions/index.js';
import { type Exchange, type Message, NO_OUTCOME } from './message.js';
import {
  DailyLimitReachedError,
  NotAReplyError,
  NotAUserMessageError,
  TooManyBranchesError,
  TooManyPendingRepliesError,
} from './messages.errors.js';
import { markedWords } from './search/marked-words.js';
import { toVector, WORDS_VERSION } from './search/words.js';
import { BudgetService } from './usage/budget.service.js';
import { countInHour } from './usage/model-hours.js';

export interface NewMessage {
  readonly userId: string;
  readonly chatroomId: string;
  readonly messageId: string;
  readonly replyId: string;
  readonly content: string;
}

export interface NewBranch extends NewMessage {
  /** Where it begins: beside a message of the user's, or after a reply. */
  readonly beside: { readonly messageId: string } | { readonly parentId: string };
}

export interface NewReply {
  readonly userId: string;
  readonly chatroomId: string;
  /** The message to answer once more, or a reply to it. */
  readonly targetId: string;
  readonly replyId: string;
}

interface AcceptRow {
  readonly room_found: boolean;
  readonly daily_limit: number | null;
  readonly used: number;
  readonly now: Date;
  readonly resets_at: Date;
  readonly model: string;
  /** Of the reply; null when the day's limit refused it. */
  readonly position: number | null;
  readonly parent_id: string | null;
}

interface BranchRow extends AcceptRow {
  readonly sibling_count: number;
}

/*
 * Acceptance is one statement and one commit. Each step reads what the one before returned, so that they lock in one order (usage_days, users,
 * chatrooms) and a refused step stops the rest. Parameters 1 to 10 are the same for all kinds.
 */

const ROOM = `c.id, c.model, c.last_position AS seen, p.plan, (now() AT TIME ZONE 'UTC')::date AS day,
            CASE p.plan WHEN 'basic' THEN $3::integer END AS daily_limit,
            CASE p.plan WHEN 'basic' THEN $4::text[] ELSE $5::text[] END AS models`;

// ON CONFLICT locks the day's row and tests its newest committed count; the INSERT branch is only reached by a limit above 0.
/** @param bytes SQL of the bytes of text that are stored */
const quota = (condition: string, bytes: string) => `quota AS (
     INSERT INTO usage_days AS u (user_id, day, messages)
     SELECT $1, room.day, 1 FROM room WHERE coalesce(room.daily_limit, 1) > 0 AND ${condition}
     ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
       WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
     RETURNING u.day
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + ${bytes}
     FROM quota WHERE users.id = $1 AND users.unfinished_replies < $6
     RETURNING users.indexed_messages
   )`;

const CONTENT_BYTES = `octet_length($12::text)`;

const MODEL = `CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END`;

// The key comes last and without ON CONFLICT, so that a repeat waits for the first and then undoes everything it did.
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
     SELECT $1, $8, $9, $10, jsonb_build_object('message_id', ${messageId}, 'reply_id', reply.id) FROM reply, (SELECT count(*) FROM counted) AS one WHERE $9::text IS NOT NULL
   )`;

const RESULT = `room.id IS NOT NULL AS room_found, room.daily_limit, reply.model, branch.last_position AS position,
          now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS resets_at,
          coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = $1 AND u.day = room.day), 0) AS used
   FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true`;

/**
 * - branch: UPDATE locks the room's row, and RETURNING sees the leaf that it replaced by way of previous_leaf_id, so that racing sends follow each
 *   other; reading the leaf in `room` would give them one parent.
 * - message: LEFT JOIN gives a null position when quota was taken but owner or branch refused (too many unfinished replies, or the room was
 *   deleted meanwhile). Null breaks NOT NULL, and the whole statement is undone, quota included.
 */
const acceptMessage = statement<AcceptRow>(
  'messages_accept',
  `WITH room AS (
     SELECT ${ROOM} FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id WHERE c.id = $2 AND c.user_id = $1
   ), ${quota('true', CONTENT_BYTES)}, branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = $7,
       active_leaf_depth = c.active_leaf_depth + 2, active_run = CASE c.active_run WHEN 0 THEN c.last_position + 1 ELSE c.active_run END,
       last_message_at = now(), last_activity_at = now()
     FROM owner WHERE c.id = $2
     RETURNING c.last_position, c.previous_leaf_id, c.active_leaf_depth, c.active_run, owner.indexed_messages
   ), message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, completed_at)
     SELECT $11, $2, $1, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.previous_leaf_id,
            'user', 'completed', $12, ${markedWords('$13', 'branch.indexed_messages', '$1::uuid')}, ${WORDS_VERSION}, now()
     FROM quota LEFT JOIN branch ON true
     RETURNING id
   ), reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day)
     SELECT $7, $2, $1, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id, 'model', 'pending', ${MODEL}, quota.day
     FROM message, branch, quota, room
     RETURNING id, model
   ), ${countAndKey('$11::uuid')}
   SELECT branch.previous_leaf_id AS parent_id, ${RESULT}`,
);

/*
 * What follows reads the tree (the parent, its children) before the room is locked. `seen` makes that exact: if anything was accepted meanwhile,
 * branch finds another last_position, gives no row, and the statement is undone as above and run again, on the tree as it is by then.
 */

/** Takes `length` positions for a branch below `room.parent_*`: the first child of a message goes on with its run, any other begins one. */
const branchOff = (length: 1 | 2) => `branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + ${length}, previous_leaf_id = c.active_leaf_id, active_leaf_id = $7,
       active_leaf_depth = room.parent_depth + ${length},
       active_run = CASE WHEN room.sibling_count = 0 AND room.parent_run IS NOT NULL THEN room.parent_run ELSE c.last_position + 1 END,
       last_message_at = now(), last_activity_at = now()
     FROM owner, room WHERE c.id = $2 AND c.last_position = room.seen
     RETURNING c.last_position, c.active_leaf_depth, c.active_run, owner.indexed_messages,
       CASE WHEN c.active_run > c.last_position - ${length} THEN room.parent_run END AS forked_run
   )`;

/** A message beside another one, or after a given reply, and the reply to it. */
const acceptBranch = statement<BranchRow & { readonly target_role: 'user' | 'model' | null }>(
  'messages_accept_branch',
  `WITH room AS (
     SELECT ${ROOM}, t.role AS target_role, parent.id AS parent_id, coalesce(parent.depth, 0) AS parent_depth, parent.run AS parent_run,
            CASE WHEN parent.id IS NULL
              THEN (SELECT count(*)::integer FROM messages s WHERE s.chatroom_id = c.id AND s.parent_id IS NULL)
              ELSE (SELECT count(*)::integer FROM messages s WHERE s.parent_id = parent.id)
            END AS sibling_count
     FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
       JOIN messages t ON t.id = $14 AND t.chatroom_id = c.id
       LEFT JOIN messages parent ON parent.id = CASE t.role WHEN 'user' THEN t.parent_id ELSE t.id END
     WHERE c.id = $2 AND c.user_id = $1
   ), ${quota('room.target_role = $15 AND room.sibling_count < $16', CONTENT_BYTES)}, ${branchOff(2)}, message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words, words_version, completed_at)
     SELECT $11, $2, $1, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.forked_run, room.parent_id,
            'user', 'completed', $12, ${markedWords('$13', 'branch.indexed_messages', '$1::uuid')}, ${WORDS_VERSION}, now()
     FROM quota JOIN room ON true LEFT JOIN branch ON true
     RETURNING id
   ), reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day)
     SELECT $7, $2, $1, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id, 'model', 'pending', ${MODEL}, quota.day
     FROM message, branch, quota, room
     RETURNING id, model
   ), ${countAndKey('$11::uuid')}
   SELECT room.parent_id, room.sibling_count, room.target_role, ${RESULT}`,
);

/** Another reply to a message. */
const acceptReply = statement<BranchRow>(
  'messages_accept_reply',
  `WITH room AS (
     SELECT ${ROOM}, q.id AS parent_id, q.depth AS parent_depth, q.run AS parent_run,
            (SELECT count(*)::integer FROM messages s WHERE s.parent_id = q.id) AS sibling_count
     FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
       JOIN messages t ON t.id = $11 AND t.chatroom_id = c.id
       JOIN messages q ON q.id = CASE t.role WHEN 'user' THEN t.id ELSE t.parent_id END
     WHERE c.id = $2 AND c.user_id = $1
   ), ${quota('room.sibling_count < $12', '0')}, ${branchOff(1)}, reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, model, charged_day)
     SELECT $7, $2, $1, branch.last_position, branch.active_leaf_depth, branch.active_run, branch.forked_run, room.parent_id,
            'model', 'pending', ${MODEL}, quota.day
     FROM quota JOIN room ON true LEFT JOIN branch ON true
     RETURNING id, model
   ), ${countAndKey('(SELECT parent_id FROM room)')}
   SELECT room.parent_id, room.sibling_count, ${RESULT}`,
);

const MAX_SIBLINGS = 100;

const whyUndone = statement<{ room_found: boolean; unfinished_replies: number }>(
  'messages_accept_why_undone',
  `SELECT u.unfinished_replies, EXISTS (SELECT 1 FROM chatrooms c WHERE c.id = $2 AND c.user_id = u.id) AS room_found FROM users u WHERE u.id = $1`,
);

const NOT_NULL_VIOLATION = '23502';
/** Each try that finds the tree changed means that another request was accepted. */
const RETRIES = 100;

/** Takes messages in: what is accepted here is answered exactly once, and what is refused here costs nothing. */
@Injectable()
export class Acceptance {
  private readonly basicModels: readonly string[];
  private readonly proModels: readonly string[];

  constructor(
    private readonly database: Database,
    private readonly plans: PlansService,
    private readonly budget: BudgetService,
    @InjectConfig() private readonly config: Config,
  ) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.basicModels = modelsOf('basic');
    this.proModels = modelsOf('pro');
  }

  /**
   * Commits the message, its quota unit and its pending reply together, or nothing.
   *
   * @throws NotFoundError, DailyLimitReachedError, TooManyPendingRepliesError, ServiceBudgetReachedError, and an error that `isRepeatedKey` knows
   */
  async acceptMessage(input: NewMessage, idempotency: IdempotencyKey | null): Promise<Exchange> {
    const row = await this.run(acceptMessage, input, idempotency, [input.messageId, input.content, toVector(input.content)]);
    return toExchange(input, row, positionOf(row));
  }

  /**
   * Commits a message on a branch of its own, with its quota unit and its pending reply, or nothing.
   *
   * @throws as above, and TooManyBranchesError, NotAReplyError, NotAUserMessageError
   */
  async acceptBranch({ beside, ...input }: NewBranch, idempotency: IdempotencyKey | null): Promise<void> {
    const [targetId, role] = 'messageId' in beside ? [beside.messageId, 'user'] : [beside.parentId, 'model'];
    const { messageId, content } = input;
    const rest = [messageId, content, toVector(content), targetId, role, MAX_SIBLINGS];
    const row = await this.run(acceptBranch, input, idempotency, rest);
    if (row.target_role !== null && row.target_role !== role) throw role === 'user' ? new NotAUserMessageError() : new NotAReplyError();
    assertRoomFor(row);
    positionOf(row);
  }

  /**
   * Commits another reply to a message, and its quota unit, or nothing.
   *
   * @returns the id of the message that it answers
   * @throws as above, and TooManyBranchesError
   */
  async acceptReply(input: NewReply, idempotency: IdempotencyKey | null): Promise<{ messageId: string }> {
    const row = await this.run(acceptReply, input, idempotency, [input.targetId, MAX_SIBLINGS]);
    assertRoomFor(row);
    positionOf(row);
    return { messageId: row.parent_id ?? '' };
  }

  private async run<Row>(
    accept: Statement<Row>,
    { userId, chatroomId, replyId }: { userId: string; chatroomId: string; replyId: string },
    idempotency: IdempotencyKey | null,
    rest: readonly unknown[],
  ): Promise<Row> {
    await this.budget.assertNotReached();
    for (let tries = 1; ; tries += 1) {
      try {
        const [row] = await this.database.run(accept, [
          userId,
          chatroomId,
          this.plans.limitsOf('basic').dailyLimit,
          this.basicModels,
          this.proModels,
          this.config.MAX_PENDING_REPLIES,
          replyId,
          idempotency?.scope ?? null,
          idempotency?.key ?? null,
          idempotency?.fingerprint ?? null,
          ...rest,
        ]);
        if (row === undefined) throw new Error('an accept statement gives one row');
        return row;
      } catch (error) {
        if (sqlState(error) !== NOT_NULL_VIOLATION) throw error;
        const [reason] = await this.database.run(whyUndone, [userId, chatroomId]);
        if (!reason?.room_found) throw new NotFoundError();
        if (reason.unfinished_replies >= this.config.MAX_PENDING_REPLIES)
          throw new TooManyPendingRepliesError(this.config.MAX_PENDING_REPLIES);
        if (tries === RETRIES) throw error;
      }
    }
  }
}

/** @throws TooManyBranchesError */
function assertRoomFor({ room_found: isFound, sibling_count: siblings }: BranchRow): void {
  if (isFound && siblings >= MAX_SIBLINGS) throw new TooManyBranchesError(MAX_SIBLINGS);
}

/** The reply's position. @throws NotFoundError, DailyLimitReachedError where there is none */
function positionOf(row: AcceptRow): number {
  if (!row.room_found) throw new NotFoundError();
  if (row.position !== null) return row.position;
  const limit = row.daily_limit ?? 0;
  throw new DailyLimitReachedError({ limit, used: Math.max(limit, row.used), resetsAt: row.resets_at, now: row.now });
}

function toExchange({ userId, chatroomId, messageId, replyId, content }: NewMessage, row: AcceptRow, position: number): Exchange {
  const fresh = { ...NO_OUTCOME, chatroom_id: chatroomId, user_id: userId, created_at: row.now };
  const message: Message = {
    ...fresh,
    id: messageId,
    position: position - 1,
    parent_id: row.parent_id,
    sibling_ids: [messageId],
    role: 'user',
    status: 'completed',
    content,
    model: null,
    completed_at: row.now,
  };
  const reply: Message = {
    ...fresh,
    id: replyId,
    position,
    parent_id: messageId,
    sibling_ids: [replyId],
    role: 'model',
    status: 'pending',
    model: row.model,
  };
  return { message, reply };
}
