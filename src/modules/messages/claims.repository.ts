import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { ReasoningLevel } from '../../config/models.js';
import { Database } from '../../database/database.js';
import { violates } from '../../database/database.errors.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { isFinished, type MessageStatus } from './message-status.js';
import { MODEL_PAUSE, MODEL_PAUSE_PARAMETERS } from './model-pauses.js';
import type { FailedAttempt } from './outcomes.js';
import { SPENDING, spendingOf } from './spending.js';
import { countInHour } from './usage/model-hours.js';
import { ModelMetrics } from './usage/model-metrics.service.js';
import { PricesService } from './usage/prices.service.js';

/** One attempt at a reply. Writes that name it have no effect once a newer attempt has begun. */
export interface Attempt {
  readonly replyId: string;
  readonly attempt: number;
  readonly model: string;
}

const CLAIM = {
  replyId: 'uuid',
  userId: 'uuid',
  chatroomId: 'uuid',
  attempt: 'int4',
  /** The version of the user's chatroom list, which the claim does not change. */
  listVersion: 'float8',
  parentId: 'uuid',
  depth: 'int4',
  model: 'text',
  plan: typed<Plan>('text'),
  systemInstruction: 'text?',
  /** What the message or its room asks for; plan and model may not offer it. */
  webSearch: 'bool',
  reasoning: typed<ReasoningLevel | null>('text'),
  /** The user cancelled the reply before this attempt: it is only to be finished. */
  isCancelled: 'bool',
  /** The user may have read text of an earlier attempt. */
  hasBegun: 'bool',
  /** The attempts that count towards REPLY_MAX_ATTEMPTS, this one included: those since the last admin retry. */
  countedAttempts: 'int4',
  /** There were earlier attempts, and each got an error of the model's servers. */
  isSuspect: 'bool',
  requestId: 'text?',
  traceparent: 'text?',
} as const;

/** A reply that belongs to this worker until its lease runs out. */
export type Claim = RowOf<typeof CLAIM>;

/** The reason why a reply was not claimed: it is finished, another reply comes first, or it has to wait. */
export type ClaimRefusal =
  | { readonly reason: 'finished' | 'earlier_reply' }
  | { readonly reason: 'not_yet'; readonly forMs: number; readonly attempt: number; readonly plan: Plan };

/** An attempt that a worker holds, and the times at which its thoughts and its text began, if they have. */
export interface HeldAttempt extends Pick<Attempt, 'replyId' | 'attempt'> {
  readonly firstThoughtAt?: Date | null;
  readonly firstTokenAt: Date | null;
}

/** An unfinished reply of the same room before `m`. */
const EARLIER_REPLY = `SELECT 1 FROM messages e
     WHERE e.chatroom_id = m.chatroom_id AND e.position < m.position AND e.status IN ('pending', 'streaming')`;

/** The longest time that a timer of Node takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A claim is repeated when a lease or a pause ended between its two statements. */
const CLAIM_ATTEMPTS = 3;

// One UPDATE decides between all workers. The lowest unfinished reply of a room is claimed first. uq_messages_streaming
// holds back every other one while a reply of the room is in work, also a lower one that an admin has retried.
const claim = statement({
  name: 'replies_claim',
  parameters: { reply_id: 'uuid', lease_ms: 'float8', ...MODEL_PAUSE_PARAMETERS },
  columns: CLAIM,
  text: `UPDATE messages m
   SET status = 'streaming', attempt = m.attempt + 1, lease_until = now() + :lease_ms * interval '1 millisecond', retry_at = NULL, started_at = now()
   FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id, messages asked
   WHERE m.id = :reply_id AND c.id = m.chatroom_id AND asked.id = m.parent_id AND m.status IN ('pending', 'streaming')
     AND coalesce(greatest(m.lease_until, m.retry_at) <= now(), true)
     AND NOT EXISTS (${MODEL_PAUSE})
     AND NOT EXISTS (${EARLIER_REPLY})
   RETURNING m.id AS "replyId", m.user_id AS "userId", m.chatroom_id AS "chatroomId", m.attempt,
     (SELECT u.list_version FROM users u WHERE u.id = m.user_id)::float8 AS "listVersion", m.parent_id AS "parentId", m.depth, m.model, p.plan,
     c.system_instruction AS "systemInstruction", coalesce(asked.web_search, c.web_search) AS "webSearch",
     nullif(coalesce(asked.reasoning_level, c.reasoning), 'default') AS reasoning, m.cancel_requested_at IS NOT NULL AS "isCancelled",
     coalesce(m.first_token_at, m.first_thought_at) IS NOT NULL AS "hasBegun",
     m.attempt - m.forgiven_attempts AS "countedAttempts", coalesce(m.is_suspect, false) AS "isSuspect",
     m.request_id AS "requestId", m.traceparent`,
});

const findRefusal = statement({
  name: 'replies_why_refused',
  parameters: { reply_id: 'uuid', ...MODEL_PAUSE_PARAMETERS },
  columns: { status: typed<MessageStatus>('text'), attempt: 'int4', plan: typed<Plan>('text'), hasEarlier: 'bool', waitMs: 'float8?' },
  text: `SELECT m.status, m.attempt, p.plan, EXISTS (${EARLIER_REPLY}) AS "hasEarlier",
     ceil(extract(epoch FROM greatest(m.lease_until, m.retry_at, (${MODEL_PAUSE})) - now()) * 1000)::double precision AS "waitMs"
   FROM messages m JOIN user_plans p ON p.user_id = m.user_id WHERE m.id = :reply_id`,
});

// Locks in the order of the ids, as every statement does that locks several messages.
const renew = statement({
  name: 'replies_renew',
  parameters: {
    reply_ids: 'uuid[]',
    attempts: 'int4[]',
    first_thought_ats: typed<readonly (Date | null)[]>('timestamptz[]'),
    first_token_ats: typed<readonly (Date | null)[]>('timestamptz[]'),
    lease_ms: 'float8',
  },
  columns: { id: 'uuid', isCancelled: 'bool' },
  text: `WITH held AS (
     SELECT m.id, mine.first_thought_at, mine.first_token_at
     FROM messages m JOIN unnest(:reply_ids::uuid[], :attempts::integer[], :first_thought_ats::timestamptz[], :first_token_ats::timestamptz[])
       AS mine(id, attempt, first_thought_at, first_token_at)
       ON m.id = mine.id AND m.attempt = mine.attempt
     WHERE m.status = 'streaming' ORDER BY m.id FOR NO KEY UPDATE OF m
   )
   UPDATE messages m SET lease_until = now() + :lease_ms * interval '1 millisecond',
     first_thought_at = coalesce(m.first_thought_at, held.first_thought_at), first_token_at = coalesce(m.first_token_at, held.first_token_at)
   FROM held WHERE m.id = held.id RETURNING m.id, m.cancel_requested_at IS NOT NULL AS "isCancelled"`,
});

// Fenced by the attempt: nothing is written once a newer one has begun.
const release = statement({
  name: 'replies_release',
  parameters: {
    reply_id: 'uuid',
    attempt: 'int4',
    delay_ms: 'float8',
    reason: 'text',
    ...SPENDING.parameters,
    is_server_error: 'bool?',
  },
  columns: { id: 'uuid' },
  text: `WITH released AS (
     UPDATE messages SET lease_until = NULL, retry_at = now() + :delay_ms * interval '1 millisecond',
       is_suspect = CASE WHEN :is_server_error::boolean IS NULL THEN is_suspect ELSE :is_server_error AND coalesce(is_suspect, true) END
     WHERE id = :reply_id AND attempt = :attempt AND status = 'streaming' RETURNING id, model
   ), counted AS (
     ${countInHour({
       from: 'released',
       id: 'released.id',
       model: 'released.model',
       purpose: `'reply'`,
       outcome: `'retried'`,
       reason: ':reason',
       ...SPENDING.count,
     })}
   )
   SELECT id FROM released`,
});

// One worker's word holds for all. A shorter pause never cuts a longer one, unless that is longer than the setting
// allows.
const pauseModel = statement({
  name: 'replies_pause_model',
  parameters: { model: 'text', pause_ms: 'float8', ...MODEL_PAUSE_PARAMETERS },
  text: `INSERT INTO model_pauses AS s (model, paused_until) VALUES (:model, now() + :pause_ms * interval '1 millisecond')
   ON CONFLICT ON CONSTRAINT pk_model_pauses DO UPDATE SET paused_until =
     greatest(least(s.paused_until, now() + :max_wait_ms * interval '1 millisecond'), excluded.paused_until)`,
});

// The oldest unfinished reply of each room, where no worker has had it for a while.
const findOrphans = statement({
  name: 'replies_orphans',
  parameters: { idle_ms: 'float8', count: 'int8', ...MODEL_PAUSE_PARAMETERS },
  columns: { replyId: 'uuid', attempt: 'int4', plan: typed<Plan>('text') },
  text: `SELECT m.id AS "replyId", m.attempt, p.plan FROM messages m JOIN user_plans p ON p.user_id = m.user_id
   WHERE m.status IN ('pending', 'streaming')
     AND coalesce(m.lease_until <= now(), coalesce(m.retry_at, m.created_at) <= now() - :idle_ms * interval '1 millisecond')
     AND NOT EXISTS (${MODEL_PAUSE})
     AND NOT EXISTS (${EARLIER_REPLY})
   ORDER BY m.id LIMIT :count`,
});

/** Decides which worker works on a reply, and when. Every write after the claim names the attempt of the claim. */
@Injectable()
export class ClaimsRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
    private readonly metrics: ModelMetrics,
    @InjectConfig() private readonly config: Config,
  ) {}

  async claim(replyId: string): Promise<Claim | ClaimRefusal> {
    const { REPLY_LEASE, GEMINI_MAX_WAIT } = this.config;
    for (let attempts = 1; ; attempts += 1) {
      try {
        const [claimed] = await this.database.run(claim, { reply_id: replyId, lease_ms: REPLY_LEASE, max_wait_ms: GEMINI_MAX_WAIT });
        if (claimed) return claimed;
      } catch (error) {
        if (violates(error, 'uq_messages_streaming')) return { reason: 'earlier_reply' };
        throw error;
      }
      const [row] = await this.database.run(findRefusal, { reply_id: replyId, max_wait_ms: GEMINI_MAX_WAIT });
      if (!row || isFinished(row.status)) return { reason: 'finished' };
      if (row.waitMs !== null && row.waitMs > 0)
        return { reason: 'not_yet', forMs: Math.min(row.waitMs, MAX_TIMER_MS), attempt: row.attempt, plan: row.plan };
      // Otherwise the obstacle is gone by now.
      if (row.hasEarlier || attempts === CLAIM_ATTEMPTS) return { reason: 'earlier_reply' };
    }
  }

  /** Extends the leases of these attempts. @returns those that are still held, by the id of the reply */
  async renew(held: readonly HeldAttempt[]): Promise<Map<string, { readonly isCancelled: boolean }>> {
    const rows = await this.database.run(renew, {
      reply_ids: held.map(({ replyId }) => replyId),
      attempts: held.map(({ attempt }) => attempt),
      first_thought_ats: held.map(({ firstThoughtAt }) => firstThoughtAt ?? null),
      first_token_ats: held.map(({ firstTokenAt }) => firstTokenAt),
      lease_ms: this.config.REPLY_LEASE,
    });
    return new Map(rows.map(({ id, isCancelled }) => [id, { isCancelled }]));
  }

  /** Releases a reply, whose next attempt begins in `delayMs` at the soonest. @returns false when the lease was lost */
  async release(
    { replyId, attempt, model }: Attempt,
    {
      delayMs,
      reason,
      wasted,
      isServerError = null,
    }: Omit<FailedAttempt, 'isServerError'> & { delayMs: number; isServerError?: boolean | null },
  ): Promise<boolean> {
    const rows = await this.database.run(release, {
      reply_id: replyId,
      attempt,
      delay_ms: delayMs,
      reason,
      ...spendingOf(this.prices, model, wasted),
      is_server_error: isServerError,
    });
    if (rows.length === 0) return false;
    this.metrics.retries.inc({ model, reason });
    this.metrics.countTokens({ model, purpose: 'reply' }, wasted);
    return true;
  }

  /** Keeps every worker from calling a model for `ms`, at most GEMINI_MAX_WAIT. */
  async pauseModel(model: string, ms: number): Promise<void> {
    const { GEMINI_MAX_WAIT } = this.config;
    await this.database.run(pauseModel, { model, pause_ms: Math.min(ms, GEMINI_MAX_WAIT), max_wait_ms: GEMINI_MAX_WAIT });
    this.metrics.pauses.inc({ model });
  }

  /** Replies that a worker could work on, but none has done so for `idleMs`. */
  findOrphans(idleMs: number, count: number) {
    return this.database.run(findOrphans, { idle_ms: idleMs, count, max_wait_ms: this.config.GEMINI_MAX_WAIT });
  }
}
