import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import { violates } from '../../database/database.errors.js';
import { statement } from '../../database/statement.js';
import type { HistoryLimits } from './context.js';
import type { SummaryTask } from './summaries/summary.queue.js';
import type { FinishReason, MessageStatus, TerminalStatus } from './message-status.js';
import { pauseOf } from './model-pauses.js';
import type { ReplyErrorCode } from './reply-errors.js';
import { markedWords } from './search/marked-words.js';
import { toVector, WORDS_VERSION } from './search/words.js';
import { countInHour } from './usage/model-hours.js';
import { PricesService, type Tokens } from './usage/prices.service.js';

/** One try at a reply; writes that name it have no effect once a newer one has begun. */
export interface Attempt {
  readonly replyId: string;
  readonly attempt: number;
  readonly model: string;
}

/** A reply that is this worker's until its lease runs out. */
export interface Claim extends Attempt {
  readonly parentId: string;
  readonly depth: number;
  readonly plan: Plan;
  readonly systemInstruction: string | null;
  /** Its reader gave up before this try: it is only to be ended. */
  readonly isCancelled: boolean;
  /** Somebody may have read of an earlier try. */
  readonly hasBegun: boolean;
  /** Which try this is of those that the cap allows, from 1: the attempt, less those before an administrator's retry. */
  readonly tries: number;
  /** There were tries before, and each got an error of the model's servers. */
  readonly isSuspect: boolean;
}

/** Why a reply could not be claimed: nothing to do any more, another reply first, or not before some time. */
export type Refusal =
  | { readonly reason: 'finished' | 'earlier_reply' }
  | { readonly reason: 'not_yet'; readonly forMs: number; readonly attempt: number; readonly plan: Plan };

/** An unfinished reply that is to be cancelled. */
export interface Cancelling extends Attempt {
  readonly parentId: string;
  readonly plan: Plan;
  readonly systemInstruction: string | null;
  /** A worker has it, and ends it when it learns of the wish. */
  readonly isHeld: boolean;
  /** It waits for another try, and what the last one consumed is counted. */
  readonly isLetGo: boolean;
  /** Somebody may have read of it. */
  readonly hasBegun: boolean;
}

/** A message of the branch that a reply continues. */
export interface PathMessage {
  readonly id: string;
  readonly depth: number;
  readonly role: 'user' | 'model';
  readonly status: MessageStatus;
  readonly content: string;
  /** About. */
  readonly tokens: number;
  /** Of the conversation up to this message; it tells of so many messages. */
  readonly summary: { readonly content: string; readonly covered: number } | null;
  /** A summary that ends here was asked for, whatever came of it. */
  readonly isFolded: boolean;
  /** Of a failed reply: the model refused the message that it answers, or its servers failed over it alone. */
  readonly isRefused: boolean;
}

export interface Usage extends Tokens {
  readonly totalTokens: number;
  readonly estimated: boolean;
}

export interface Outcome {
  readonly status: TerminalStatus;
  readonly content: string;
  readonly finishReason: FinishReason;
  readonly blockReason: string | null;
  readonly errorCode: ReplyErrorCode | null;
  readonly usage: Usage | null;
  /** What the model was asked for by a try that gave no answer: nobody's usage, but it costs. */
  readonly wasted: Tokens | null;
  readonly context: { readonly turns: number; readonly trimmed: number; readonly summarised: number } | null;
  readonly firstTokenAt: Date | null;
  /** Of a failed reply: its last try got an error of the model's servers. */
  readonly isServerError?: boolean;
  /** Give the message's unit back to the day that it was charged to. */
  readonly refund: boolean;
}

/** What the end of a reply sets going. */
export interface Ended {
  readonly nextReplyId: string | null;
  readonly digests: readonly SummaryTask[];
}

/** How a try ended without an answer. */
export interface FailedTry {
  readonly reason: ReplyErrorCode | 'worker_stopped';
  /** What it cost. */
  readonly wasted: Tokens | null;
  /** Whether it got an error of the model's servers (5xx); not given where it says nothing about the message. */
  readonly isServerError?: boolean;
}

const UNFINISHED = `('pending', 'streaming')`;
/** Of the room of m, and before it. */
const EARLIER = `SELECT 1 FROM messages e WHERE e.chatroom_id = m.chatroom_id AND e.position < m.position AND e.status IN ${UNFINISHED}`;
/** The longest that a timer knows. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Each further one means that a lease or a pause ended between two statements. */
const CLAIM_TRIES = 3;

// One UPDATE decides between all workers. The lowest unfinished reply of a room is claimed first; uq_messages_streaming holds back any other
// while one of the room is in work, also a lower one that an administrator has put back.
const claim = statement<Claim>(
  'replies_claim',
  `UPDATE messages m
   SET status = 'streaming', attempt = m.attempt + 1, lease_until = now() + $2 * interval '1 millisecond', retry_at = NULL, started_at = now()
   FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
   WHERE m.id = $1 AND c.id = m.chatroom_id AND m.status IN ${UNFINISHED}
     AND coalesce(greatest(m.lease_until, m.retry_at) <= now(), true)
     AND NOT EXISTS (${pauseOf('$3')})
     AND NOT EXISTS (${EARLIER})
   RETURNING m.id AS "replyId", m.attempt, m.parent_id AS "parentId", m.depth, m.model, p.plan,
     c.system_instruction AS "systemInstruction", m.cancel_requested_at IS NOT NULL AS "isCancelled",
     m.first_token_at IS NOT NULL AS "hasBegun", m.attempt - m.forgiven_attempts AS tries, coalesce(m.is_suspect, false) AS "isSuspect"`,
);

const whyRefused = statement<{ status: MessageStatus; attempt: number; plan: Plan; wait_ms: number | null; has_earlier: boolean }>(
  'replies_why_refused',
  `SELECT m.status, m.attempt, p.plan, EXISTS (${EARLIER}) AS has_earlier,
     ceil(extract(epoch FROM greatest(m.lease_until, m.retry_at, (${pauseOf('$2')})) - now()) * 1000)::double precision AS wait_ms
   FROM messages m JOIN user_plans p ON p.user_id = m.user_id WHERE m.id = $1`,
);

// What one worker is told holds for all; a shorter pause never cuts a longer one, unless that is longer than is allowed.
const pause = statement<never>(
  'replies_pause_model',
  `INSERT INTO model_pauses AS s (model, paused_until) VALUES ($1, now() + $2 * interval '1 millisecond')
   ON CONFLICT ON CONSTRAINT pk_model_pauses DO UPDATE SET paused_until =
     greatest(least(s.paused_until, now() + $3 * interval '1 millisecond'), excluded.paused_until)`,
);

// Locks in the order of the ids, as every statement does that locks several messages.
const renew = statement<{ id: string; cancelled: boolean }>(
  'replies_renew',
  `WITH held AS (
     SELECT m.id, mine.first_token_at
     FROM messages m JOIN unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS mine(id, attempt, first_token_at)
       ON m.id = mine.id AND m.attempt = mine.attempt
     WHERE m.status = 'streaming' ORDER BY m.id FOR NO KEY UPDATE OF m
   )
   UPDATE messages m SET lease_until = now() + $4 * interval '1 millisecond', first_token_at = coalesce(m.first_token_at, held.first_token_at)
   FROM held WHERE m.id = held.id RETURNING m.id, m.cancel_requested_at IS NOT NULL AS cancelled`,
);

// Fenced: nothing unless the attempt is still the newest.
const release = statement<{ id: string }>(
  'replies_release',
  `WITH released AS (
     UPDATE messages SET lease_until = NULL, retry_at = now() + $3 * interval '1 millisecond',
       is_suspect = CASE WHEN $9::boolean IS NULL THEN is_suspect ELSE $9 AND coalesce(is_suspect, true) END
     WHERE id = $1 AND attempt = $2 AND status = 'streaming' RETURNING id, model
   ), counted AS (
     ${countInHour({
       from: 'released',
       id: 'released.id',
       model: 'released.model',
       purpose: `'reply'`,
       outcome: `'retried'`,
       reason: '$4',
       tokens: ['$5::bigint', '$6::bigint', '$7::bigint'],
       costMicros: '$8::bigint',
     })}
   )
   SELECT id FROM released`,
);

const requestCancel = statement<Cancelling>(
  'replies_request_cancel',
  `WITH wanted AS (
     SELECT m.id FROM messages m
     WHERE m.chatroom_id = $2 AND m.user_id = $1 AND ($3::uuid IS NULL OR m.id = $3) AND m.status IN ${UNFINISHED}
     ORDER BY m.id FOR NO KEY UPDATE
   )
   UPDATE messages m SET cancel_requested_at = coalesce(m.cancel_requested_at, now())
   FROM wanted, user_plans p, chatrooms c WHERE m.id = wanted.id AND p.user_id = $1 AND c.id = $2
   RETURNING m.id AS "replyId", m.attempt, m.parent_id AS "parentId", m.model, p.plan, c.system_instruction AS "systemInstruction",
     coalesce(m.lease_until > now(), false) AS "isHeld", m.first_token_at IS NOT NULL AS "hasBegun", m.retry_at IS NOT NULL AS "isLetGo"`,
);

const COST = `(octet_length(m.content) / 4 + 4)`;

// The path of a reply, from the message that it answers upwards, as far as the limits go: one look-up by primary key for each message, whatever the
// size of the room. Costs are counted as a quarter of the bytes.
const path = statement<Omit<PathMessage, 'summary'> & { readonly summary: string | null; readonly covered: number | null }>(
  'replies_path',
  `WITH RECURSIVE path AS (
     SELECT m.id, m.parent_id, m.depth, m.role, m.status, m.error_code, m.is_suspect, m.content, ${COST} AS tokens, ${COST} AS spent, 1 AS n FROM messages m WHERE m.id = $1
     UNION ALL
     SELECT m.id, m.parent_id, m.depth, m.role, m.status, m.error_code, m.is_suspect, m.content, ${COST}, p.spent + ${COST}, p.n + 1
     FROM path p JOIN messages m ON m.id = p.parent_id WHERE p.spent + ${COST} <= $2 AND p.n < $3
   )
   SELECT path.id, path.depth, path.role, path.status, path.content, path.tokens, d.content AS summary, d.covered, d.message_id IS NOT NULL AS "isFolded",
     path.status = 'failed' AND (path.error_code = 'request_rejected' OR coalesce(path.is_suspect, false)) AS "isRefused"
   FROM path LEFT JOIN digests d ON d.message_id = path.id AND d.kind = 'summary' ORDER BY path.depth`,
);

/** How many of the newest messages are looked at for replies that the model did answer. */
const NEWEST = 1_000;

// A reply of the same model that was made here (imported ones were never begun) and completed since m was accepted.
const OTHERS_SUCCEED = `EXISTS (
         SELECT 1 FROM (SELECT o.model, o.status, o.started_at, o.completed_at FROM messages o ORDER BY o.id DESC LIMIT ${NEWEST}) o
         WHERE o.model = m.model AND o.status = 'completed' AND o.started_at IS NOT NULL AND o.completed_at > m.created_at
       )`;

// The reply's row is locked first and tested against the fence: the attempt is still the newest, and no other end was faster. Then day, owner and the
// row itself change together or not at all, each reading what the one before returned, which fixes the order of the locks; the counts come last.
// A completed reply of a room without a name wants a title, unless one is being made: its digest goes when it has ended, and has the time of its
// request, which finds it. A room that an earlier release has left without a name gets its title so, too.
// Nothing that holds usage_days, users or chatrooms waits for the row of an unfinished message, so the order is free of circles.
const finish = statement<{ next_reply_id: string | null; digests: readonly SummaryTask[] }>(
  'replies_finish',
  `WITH reply AS (
     SELECT id, user_id, chatroom_id, charged_day, octet_length(content) AS bytes FROM messages WHERE id = $1 AND attempt = $2 AND status IN ${UNFINISHED} FOR NO KEY UPDATE
   ), refund AS (
     UPDATE usage_days d SET messages = d.messages - 1 FROM reply WHERE $3 AND d.user_id = reply.user_id AND d.day = reply.charged_day RETURNING 1
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies - 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length($5::text) - reply.bytes
     FROM reply, (SELECT count(*) FROM refund) AS refunded WHERE users.id = reply.user_id RETURNING users.indexed_messages
   ), done AS (
     UPDATE messages m SET status = $4, content = $5, words = ${markedWords('$22', 'owner.indexed_messages', 'm.user_id')},
       words_version = CASE WHEN $5 = '' THEN 1 ELSE ${WORDS_VERSION} END, finish_reason = $6, block_reason = $7, error_code = $8,
       input_tokens = $9, output_tokens = $10, reasoning_tokens = $11, total_tokens = $12, usage_estimated = $13,
       context_turns = $14, context_trimmed = $15, context_summarised = $16, first_token_at = coalesce(m.first_token_at, $17),
       is_suspect = CASE WHEN $24::boolean AND coalesce(m.is_suspect, true) THEN ${OTHERS_SUCCEED} END,
       charged_day = CASE WHEN $3 THEN NULL ELSE m.charged_day END, lease_until = NULL, retry_at = NULL, completed_at = now()
     FROM reply, owner WHERE m.id = reply.id
     RETURNING m.id, m.model, m.created_at, m.first_token_at, m.completed_at
   ), usage AS (
     INSERT INTO user_model_days AS d (user_id, day, model, messages, input_tokens, output_tokens, reasoning_tokens, cost_micros)
     SELECT reply.user_id, coalesce(reply.charged_day, (now() AT TIME ZONE 'UTC')::date), done.model, CASE WHEN $3 THEN 0 ELSE 1 END,
       coalesce($9, 0), coalesce($10, 0), coalesce($11, 0), CASE WHEN $12::integer IS NULL THEN 0 ELSE $21::bigint END
     FROM reply, done WHERE NOT $3 OR $12 IS NOT NULL
     ON CONFLICT ON CONSTRAINT pk_user_model_days DO UPDATE SET messages = d.messages + excluded.messages,
       input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
       reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens, cost_micros = d.cost_micros + excluded.cost_micros
     RETURNING 1
   ), untitled AS (
     UPDATE chatrooms c SET title_requested_at = now(), title_requests = c.title_requests + 1 FROM reply, done
     WHERE $4 = 'completed' AND $5 <> '' AND c.id = reply.chatroom_id AND c.name IS NULL AND NOT EXISTS (
       SELECT 1 FROM digests d JOIN messages t ON t.id = d.message_id
       WHERE d.kind = 'title' AND d.created_at = c.title_requested_at AND t.chatroom_id = c.id
     ) RETURNING 1
   ), wanted AS (
     INSERT INTO digests (message_id, kind)
     SELECT done.id, 'title' FROM done, untitled UNION ALL SELECT $23::uuid, 'summary' FROM done WHERE $23::uuid IS NOT NULL
     ON CONFLICT ON CONSTRAINT pk_digests DO NOTHING RETURNING message_id, kind
   ), counted AS (
     ${countInHour({
       from: '(SELECT count(*) FROM usage) AS used, done',
       id: 'done.id',
       model: 'done.model',
       purpose: `'reply'`,
       outcome: '$4',
       reason: 'coalesce($8, $6)',
       tokens: ['$18::bigint', '$19::bigint', '$20::bigint'],
       costMicros: '$21::bigint',
       firstTokenMs: 'extract(epoch FROM done.first_token_at - done.created_at) * 1000',
       totalMs: 'extract(epoch FROM done.completed_at - done.created_at) * 1000',
     })}
   )
   SELECT (SELECT n.id FROM messages n WHERE n.chatroom_id = reply.chatroom_id AND n.status = 'pending' ORDER BY n.position LIMIT 1) AS next_reply_id,
     (SELECT coalesce(jsonb_agg(jsonb_build_object('messageId', message_id, 'kind', kind)), '[]') FROM wanted) AS digests
   FROM reply`,
);

// The oldest unfinished reply of each room, where nobody has worked on it for a while.
const orphans = statement<{ replyId: string; attempt: number; plan: Plan }>(
  'replies_orphans',
  `SELECT m.id AS "replyId", m.attempt, p.plan FROM messages m JOIN user_plans p ON p.user_id = m.user_id
   WHERE m.status IN ${UNFINISHED}
     AND coalesce(m.lease_until <= now(), coalesce(m.retry_at, m.created_at) <= now() - $1 * interval '1 millisecond')
     AND NOT EXISTS (${pauseOf('$3')})
     AND NOT EXISTS (${EARLIER})
   ORDER BY m.id LIMIT $2`,
);

/** The worker's side of a reply: every write after the claim names the claim's attempt. */
@Injectable()
export class RepliesRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
    @InjectConfig() private readonly config: Config,
  ) {}

  async claim(replyId: string): Promise<Claim | Refusal> {
    for (let tries = 1; ; tries += 1) {
      try {
        const [claimed] = await this.database.run(claim, [replyId, this.config.REPLY_LEASE, this.config.GEMINI_MAX_WAIT]);
        if (claimed) return claimed;
      } catch (error) {
        if (violates(error, 'uq_messages_streaming')) return { reason: 'earlier_reply' };
        throw error;
      }
      const [row] = await this.database.run(whyRefused, [replyId, this.config.GEMINI_MAX_WAIT]);
      if (!row || (row.status !== 'pending' && row.status !== 'streaming')) return { reason: 'finished' };
      if (row.wait_ms !== null && row.wait_ms > 0)
        return { reason: 'not_yet', forMs: Math.min(row.wait_ms, MAX_TIMER_MS), attempt: row.attempt, plan: row.plan };
      // Otherwise what was in the way is over by now.
      if (row.has_earlier || tries === CLAIM_TRIES) return { reason: 'earlier_reply' };
    }
  }

  /** Extends the leases of these attempts. @returns those that are still held, and whether they are to be cancelled */
  async renew(
    held: readonly { readonly replyId: string; readonly attempt: number; readonly firstTokenAt: Date | null }[],
  ): Promise<Map<string, { readonly isCancelled: boolean }>> {
    const rows = await this.database.run(renew, [
      held.map(({ replyId }) => replyId),
      held.map(({ attempt }) => attempt),
      held.map(({ firstTokenAt }) => firstTokenAt),
      this.config.REPLY_LEASE,
    ]);
    return new Map(rows.map(({ id, cancelled }) => [id, { isCancelled: cancelled }]));
  }

  /** Lets go of a reply, to be tried again no sooner than in `delayMs`. @returns false when the lease was lost */
  async release(
    { replyId, attempt, model }: Attempt,
    { delayMs, reason, wasted, isServerError }: FailedTry & { delayMs: number },
  ): Promise<boolean> {
    const rows = await this.database.run(release, [
      replyId,
      attempt,
      delayMs,
      reason,
      ...this.spendingOf(model, wasted),
      isServerError ?? null,
    ]);
    return rows.length > 0;
  }

  /** Keeps every worker from calling a model for `ms`, at most GEMINI_MAX_WAIT. */
  async pauseModel(model: string, ms: number): Promise<void> {
    const { GEMINI_MAX_WAIT } = this.config;
    await this.database.run(pause, [model, Math.min(ms, GEMINI_MAX_WAIT), GEMINI_MAX_WAIT]);
  }

  /** Notes the wish to cancel a reply, or all unfinished ones of a room. @returns those that it met unfinished */
  async requestCancel(userId: string, chatroomId: string, replyId: string | null): Promise<Cancelling[]> {
    return this.database.run(requestCancel, [userId, chatroomId, replyId]);
  }

  /** The messages of a branch up to one of them, oldest first, as many as fit into the limits; that one always. */
  async path(messageId: string, { tokens, messages }: HistoryLimits): Promise<PathMessage[]> {
    const rows = await this.database.run(path, [messageId, tokens, messages]);
    return rows.map(({ summary, covered, ...row }) => ({
      ...row,
      summary: summary === null ? null : { content: summary, covered: covered ?? 0 },
    }));
  }

  /**
   * Ends a reply, once: outcome, refund, list version and the counts of usage in one commit.
   *
   * @param foldAt the message that a summary is wanted up to
   * @returns null when the lease was lost, else the next reply of the room to work on, and the digests that are to be made
   */
  async finish({ replyId, attempt, model }: Attempt, outcome: Outcome, foldAt: string | null = null): Promise<Ended | null> {
    const { usage, context } = outcome;
    const [row] = await this.database.run(finish, [
      replyId,
      attempt,
      outcome.refund,
      outcome.status,
      outcome.content,
      outcome.finishReason,
      outcome.blockReason,
      outcome.errorCode,
      usage?.inputTokens ?? null,
      usage?.outputTokens ?? null,
      usage?.reasoningTokens ?? null,
      usage?.totalTokens ?? null,
      usage?.estimated ?? null,
      context?.turns ?? null,
      context?.trimmed ?? null,
      context?.summarised ?? null,
      outcome.firstTokenAt,
      ...this.spendingOf(model, usage ?? outcome.wasted),
      toVector(outcome.content),
      foldAt,
      outcome.isServerError ?? false,
    ]);
    return row ? { nextReplyId: row.next_reply_id, digests: row.digests } : null;
  }

  /** Replies that could be worked on and are not, since `idleMs`. */
  async orphans(idleMs: number, count: number): Promise<{ replyId: string; attempt: number; plan: Plan }[]> {
    return this.database.run(orphans, [idleMs, count, this.config.GEMINI_MAX_WAIT]);
  }

  private spendingOf(
    model: string,
    tokens: Tokens | null,
  ): readonly [input: number, output: number, reasoning: number, costMicros: number] {
    if (tokens === null) return [0, 0, 0, 0];
    return [tokens.inputTokens, tokens.outputTokens, tokens.reasoningTokens, this.prices.costOf(model, tokens)];
  }
}
