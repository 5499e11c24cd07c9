import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { sqlState } from '../../database/database.errors.js';
import { statement } from '../../database/statement.js';
import { PlansService } from '../subscriptions/index.js';
import { type Exchange, type Message, NO_OUTCOME } from './message.js';
import { DailyLimitReachedError, TooManyPendingRepliesError } from './messages.errors.js';

export interface NewMessage {
  readonly userId: string;
  readonly chatroomId: string;
  readonly messageId: string;
  readonly replyId: string;
  readonly content: string;
}

interface AcceptRow {
  readonly room_found: boolean;
  readonly daily_limit: number | null;
  readonly used: number;
  readonly now: Date;
  readonly resets_at: Date;
  readonly model: string;
  /** Null when the day's limit refused the message. */
  readonly position: number | null;
  readonly parent_id: string | null;
}

/**
 * The whole acceptance, in one statement and one commit.
 *
 * - Each step reads what the one before returned, so that they lock in one order (usage_days, users, chatrooms) and a refused step stops the rest.
 * - quota: ON CONFLICT locks the day's row and tests its newest committed count; the INSERT branch is only reached by a limit above 0.
 * - branch: the room's row is locked by UPDATE and RETURNING sees the value that it replaced by way of previous_leaf_id, so that racing sends
 *   follow each other; reading the leaf in `room` would give them one parent.
 * - message: LEFT JOIN gives a null position when quota was taken but owner or branch refused (too many unfinished replies, or the room was
 *   deleted meanwhile). Null breaks NOT NULL, and the whole statement is undone, quota included.
 * - key: last and without ON CONFLICT, so that a repeat waits for the first and then undoes everything it did.
 */
const accept = statement<AcceptRow>(
  'messages_accept',
  `WITH room AS (
     SELECT c.id, c.model, (now() AT TIME ZONE 'UTC')::date AS day,
            CASE p.plan WHEN 'basic' THEN $6::integer END AS daily_limit,
            CASE p.plan WHEN 'basic' THEN $7::text[] ELSE $8::text[] END AS models
     FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
     WHERE c.id = $2 AND c.user_id = $1
   ), quota AS (
     INSERT INTO usage_days AS u (user_id, day, messages)
     SELECT $1, room.day, 1 FROM room WHERE coalesce(room.daily_limit, 1) > 0
     ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
       WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
     RETURNING u.day
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1
     FROM quota WHERE users.id = $1 AND users.unfinished_replies < $9
     RETURNING users.id
   ), branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = $4,
       active_leaf_depth = c.active_leaf_depth + 2, last_message_at = now(), last_activity_at = now()
     FROM owner WHERE c.id = $2
     RETURNING c.last_position, c.previous_leaf_id, c.active_leaf_depth
   ), message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, parent_id, role, status, content, completed_at)
     SELECT $3, $2, $1, branch.last_position - 1, branch.active_leaf_depth - 1, branch.previous_leaf_id, 'user', 'completed', $5, now()
     FROM quota LEFT JOIN branch ON true
     RETURNING id
   ), reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, parent_id, role, status, model, charged_day)
     SELECT $4, $2, $1, branch.last_position, branch.active_leaf_depth, message.id, 'model', 'pending',
            CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END, quota.day
     FROM message, branch, quota, room
     RETURNING id, model
   ), key AS (
     INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
     SELECT $1, $10, $11, $12, jsonb_build_object('message_id', $3::uuid, 'reply_id', reply.id) FROM reply WHERE $11::text IS NOT NULL
   )
   SELECT room.id IS NOT NULL AS room_found, room.daily_limit, reply.model, branch.last_position - 1 AS position,
          branch.previous_leaf_id AS parent_id, now()::timestamptz(3) AS now,
          (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS resets_at,
          coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = $1 AND u.day = room.day), 0) AS used
   FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true`,
);

const whyUndone = statement<{ room_found: boolean; unfinished_replies: number }>(
  'messages_accept_why_undone',
  `SELECT u.unfinished_replies, EXISTS (SELECT 1 FROM chatrooms c WHERE c.id = $2 AND c.user_id = u.id) AS room_found FROM users u WHERE u.id = $1`,
);

const NOT_NULL_VIOLATION = '23502';
const RETRIES = 5;

/** Takes messages in: what is accepted here is answered exactly once, and what is refused here costs nothing. */
@Injectable()
export class AcceptMessage {
  private readonly basicModels: readonly string[];
  private readonly proModels: readonly string[];

  constructor(
    private readonly database: Database,
    private readonly plans: PlansService,
    @InjectConfig() private readonly config: Config,
  ) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.basicModels = modelsOf('basic');
    this.proModels = modelsOf('pro');
  }

  /**
   * Commits the message, its quota unit and its pending reply together, or nothing.
   *
   * @throws NotFoundError, DailyLimitReachedError, TooManyPendingRepliesError, and an error that `isRepeatedKey` knows
   */
  async accept(input: NewMessage, key: IdempotencyKey | null): Promise<Exchange> {
    for (let tries = 1; ; tries += 1) {
      try {
        return this.toExchange(input, await this.run(input, key));
      } catch (error) {
        if (sqlState(error) !== NOT_NULL_VIOLATION) throw error;
        const [reason] = await this.database.run(whyUndone, [input.userId, input.chatroomId]);
        if (!reason?.room_found) throw new NotFoundError();
        if (reason.unfinished_replies >= this.config.MAX_PENDING_REPLIES) throw new TooManyPendingRepliesError(this.config.MAX_PENDING_REPLIES);
        if (tries === RETRIES) throw error;
      }
    }
  }

  private async run({ userId, chatroomId, messageId, replyId, content }: NewMessage, key: IdempotencyKey | null): Promise<AcceptRow> {
    const [row] = await this.database.run(accept, [
      userId,
      chatroomId,
      messageId,
      replyId,
      content,
      this.plans.limitsOf('basic').dailyLimit,
      this.basicModels,
      this.proModels,
      this.config.MAX_PENDING_REPLIES,
      key?.scope ?? null,
      key?.key ?? null,
      key?.fingerprint ?? null,
    ]);
    if (!row) throw new Error('the accept statement gives one row');
    return row;
  }

  private toExchange({ chatroomId, messageId, replyId, content }: NewMessage, row: AcceptRow): Exchange {
    if (!row.room_found) throw new NotFoundError();
    if (row.position === null) {
      const limit = row.daily_limit ?? 0;
      throw new DailyLimitReachedError({ limit, used: Math.max(limit, row.used), resetsAt: row.resets_at, now: row.now });
    }
    const fresh = { ...NO_OUTCOME, chatroom_id: chatroomId, created_at: row.now };
    const message: Message = {
      ...fresh,
      id: messageId,
      position: row.position,
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
      position: row.position + 1,
      parent_id: messageId,
      sibling_ids: [replyId],
      role: 'model',
      status: 'pending',
      model: row.model,
    };
    return { message, reply };
  }
}
