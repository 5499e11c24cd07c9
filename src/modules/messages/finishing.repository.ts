import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { Database } from '../../database/database.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import type { Attempt } from './claims.repository.js';
import type { SummaryTask } from './summaries/summary.queue.js';
import type { FinishedStatus, FinishReason } from './message-status.js';
import { detailBytesOf, NO_DETAILS, type Outcome } from './outcomes.js';
import { markedWords } from './search/marked-words.js';
import { toVector, WORDS_VERSION } from './search/words.js';
import { SPENDING, spendingOf } from './spending.js';
import { spendOn } from './usage/fair-use.service.js';
import { countInHour } from './usage/model-hours.js';
import { ModelMetrics } from './usage/model-metrics.service.js';
import { PricesService } from './usage/prices.service.js';

const CANCELLABLE_REPLY = {
  replyId: 'uuid',
  attempt: 'int4',
  parentId: 'uuid',
  model: 'text',
  plan: typed<Plan>('text'),
  systemInstruction: 'text?',
  /** A worker holds it, and finishes it when it learns of the request. */
  isHeld: 'bool',
  /** The user may have read text of it. */
  hasBegun: 'bool',
  /** It waits for its next attempt. The tokens of the last one are counted. */
  isReleased: 'bool',
} as const;

/** An unfinished reply that is to be cancelled. */
export type CancellableReply = RowOf<typeof CANCELLABLE_REPLY>;

/** The work that follows from a finished reply. */
export interface FollowUps {
  /** The version of the chatroom list that the end of the reply made. */
  readonly listVersion: number;
  readonly nextReplyId: string | null;
  readonly summaryTasks: readonly SummaryTask[];
}

const requestCancel = statement({
  name: 'replies_request_cancel',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid', reply_id: 'uuid?' },
  columns: CANCELLABLE_REPLY,
  text: `WITH wanted AS (
     SELECT m.id FROM messages m
     WHERE m.chatroom_id = :chatroom_id AND m.user_id = :user_id AND (:reply_id::uuid IS NULL OR m.id = :reply_id) AND m.status IN ('pending', 'streaming')
     ORDER BY m.id FOR NO KEY UPDATE
   )
   UPDATE messages m SET cancel_requested_at = coalesce(m.cancel_requested_at, now())
   FROM wanted, user_plans p, chatrooms c WHERE m.id = wanted.id AND p.user_id = :user_id AND c.id = :chatroom_id
   RETURNING m.id AS "replyId", m.attempt, m.parent_id AS "parentId", m.model, p.plan, c.system_instruction AS "systemInstruction",
     coalesce(m.lease_until > now(), false) AS "isHeld", coalesce(m.first_token_at, m.first_thought_at) IS NOT NULL AS "hasBegun", m.retry_at IS NOT NULL AS "isReleased"`,
});

/** The newest messages, among which a reply of the same model is searched that the model did answer. */
const NEWEST_MESSAGES = 1_000;

const FIRST_TOKEN_MS = '(extract(epoch FROM finished.first_token_at - finished.created_at) * 1000)';
const FIRST_THOUGHT_MS = '(extract(epoch FROM finished.first_thought_at - finished.created_at) * 1000)';
const TOTAL_MS = '(extract(epoch FROM finished.completed_at - finished.created_at) * 1000)';

/** What the user is charged with: an attempt without an answer is paid for by the service. */
const USAGE_COST = `CASE WHEN :total_tokens::integer IS NULL THEN 0 ELSE :cost_micros::bigint END`;

// - reply: its row is locked first and tested against the fence: the attempt is still the newest, and no other process
//   finished the reply. Then the day, the owner and the row itself change together or not at all, each reading what the
//   one before returned, which fixes the order of the locks. The counts come last. Nothing that holds usage_days, users
//   or chatrooms waits for the row of an unfinished message, so the order has no circle.
// - finished, is_suspect: the model's servers failed in every attempt, while a reply of the same model that was created
//   here (an imported one was never started) has been completed since this one was accepted.
// - untitled: a completed reply of a room without a name asks for a title, unless one is in work. Its digest is deleted
//   when it is finished, and is found by its time, which is the time of its request. So a room that an earlier release
//   has left without a name gets a title too.
const finish = statement({
  name: 'replies_finish',
  parameters: {
    reply_id: 'uuid',
    attempt: 'int4',
    refund: 'bool',
    status: typed<FinishedStatus>('text'),
    content: 'text',
    finish_reason: typed<FinishReason>('text'),
    block_reason: 'text?',
    error_code: 'text?',
    input_tokens: 'int4?',
    output_tokens: 'int4?',
    reasoning_tokens: 'int4?',
    total_tokens: 'int4?',
    usage_estimated: 'bool?',
    context_turns: 'int4?',
    context_trimmed: 'int4?',
    context_summarised: 'int4?',
    context_files_sent: 'int4?',
    context_files_omitted: 'int4?',
    first_token_at: 'timestamptz?',
    first_thought_at: 'timestamptz?',
    reasoning: 'text?',
    part_lengths: typed<readonly number[] | null>('int4[]'),
    sources: 'jsonb?',
    search_suggestions: 'text?',
    thought_signatures: 'jsonb?',
    detail_bytes: 'int4',
    ...SPENDING.parameters,
    words: 'text?',
    summary_at: 'uuid?',
    is_server_error: 'bool',
  },
  columns: {
    listVersion: 'float8',
    firstTokenMs: 'float8?',
    firstThoughtMs: 'float8?',
    totalMs: 'float8',
    nextReplyId: 'uuid?',
    summaryTasks: typed<readonly SummaryTask[]>('jsonb'),
  },
  text: `WITH reply AS (
     SELECT id, user_id, chatroom_id, charged_day, coalesce(charged_day, (now() AT TIME ZONE 'UTC')::date) AS day, octet_length(content) + detail_bytes AS bytes
     FROM messages
     WHERE id = :reply_id AND attempt = :attempt AND status IN ('pending', 'streaming') FOR NO KEY UPDATE
   ), refund AS (
     UPDATE usage_days d SET messages = d.messages - 1 FROM reply WHERE :refund AND d.user_id = reply.user_id AND d.day = reply.charged_day RETURNING 1
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies - 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length(:content::text) + :detail_bytes::integer - reply.bytes,
       ${spendOn('reply.day', USAGE_COST)}
     FROM reply, (SELECT count(*) FROM refund) AS refunded WHERE users.id = reply.user_id
     RETURNING users.indexed_messages, users.list_version
   ), finished AS (
     UPDATE messages m SET status = :status, content = :content, words = ${markedWords(':words', 'owner.indexed_messages', 'm.user_id')},
       words_version = CASE WHEN :content = '' THEN 1 ELSE ${WORDS_VERSION} END,
       finish_reason = :finish_reason, block_reason = :block_reason, error_code = :error_code,
       input_tokens = :input_tokens, output_tokens = :output_tokens, reasoning_tokens = :reasoning_tokens, total_tokens = :total_tokens,
       usage_estimated = :usage_estimated,
       context_turns = :context_turns, context_trimmed = :context_trimmed, context_summarised = :context_summarised,
       context_files_sent = :context_files_sent, context_files_omitted = :context_files_omitted,
       first_token_at = coalesce(m.first_token_at, :first_token_at), first_thought_at = coalesce(m.first_thought_at, :first_thought_at),
       reasoning = :reasoning, part_lengths = :part_lengths, sources = :sources, search_suggestions = :search_suggestions,
       thought_signatures = :thought_signatures, detail_bytes = :detail_bytes::integer,
       is_suspect = CASE WHEN :is_server_error::boolean AND coalesce(m.is_suspect, true) THEN EXISTS (
         SELECT 1 FROM (SELECT o.model, o.status, o.started_at, o.completed_at FROM messages o ORDER BY o.id DESC LIMIT ${NEWEST_MESSAGES}) o
         WHERE o.model = m.model AND o.status = 'completed' AND o.started_at IS NOT NULL AND o.completed_at > m.created_at
       ) END,
       charged_day = CASE WHEN :refund THEN NULL ELSE m.charged_day END, lease_until = NULL, retry_at = NULL, completed_at = now()
     FROM reply, owner WHERE m.id = reply.id
     RETURNING m.id, m.model, m.created_at, m.first_token_at, m.first_thought_at, m.completed_at, m.request_id, m.traceparent
   ), usage AS (
     INSERT INTO user_model_days AS d (user_id, day, model, messages, input_tokens, output_tokens, reasoning_tokens, searches, cost_micros)
     SELECT reply.user_id, reply.day, finished.model, CASE WHEN :refund THEN 0 ELSE 1 END,
       coalesce(:input_tokens, 0), coalesce(:output_tokens, 0), coalesce(:reasoning_tokens, 0),
       CASE WHEN :total_tokens::integer IS NULL THEN 0 ELSE :spent_searches::bigint END, ${USAGE_COST}
     FROM reply, finished WHERE NOT :refund OR :total_tokens IS NOT NULL
     ON CONFLICT ON CONSTRAINT pk_user_model_days DO UPDATE SET messages = d.messages + excluded.messages,
       input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
       reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens, searches = d.searches + excluded.searches,
       cost_micros = d.cost_micros + excluded.cost_micros
     RETURNING 1
   ), untitled AS (
     UPDATE chatrooms c SET title_requested_at = now(), title_requests = c.title_requests + 1 FROM reply, finished
     WHERE :status = 'completed' AND :content <> '' AND c.id = reply.chatroom_id AND c.name IS NULL AND NOT EXISTS (
       SELECT 1 FROM digests d JOIN messages t ON t.id = d.message_id
       WHERE d.kind = 'title' AND d.created_at = c.title_requested_at AND t.chatroom_id = c.id
     ) RETURNING 1
   ), wanted AS (
     INSERT INTO digests (message_id, kind, request_id, traceparent)
     SELECT finished.id, 'title', finished.request_id, finished.traceparent FROM finished, untitled
     UNION ALL SELECT :summary_at::uuid, 'summary', finished.request_id, finished.traceparent FROM finished WHERE :summary_at::uuid IS NOT NULL
     ON CONFLICT ON CONSTRAINT pk_digests DO NOTHING RETURNING message_id, kind
   ), counted AS (
     ${countInHour({
       from: '(SELECT count(*) FROM usage) AS used, finished',
       id: 'finished.id',
       model: 'finished.model',
       purpose: `'reply'`,
       outcome: ':status',
       reason: 'coalesce(:error_code, :finish_reason)',
       ...SPENDING.count,
       firstTokenMs: FIRST_TOKEN_MS,
       firstThoughtMs: FIRST_THOUGHT_MS,
       totalMs: TOTAL_MS,
     })}
   )
   SELECT owner.list_version::float8 AS "listVersion", ${FIRST_TOKEN_MS}::float8 AS "firstTokenMs",
     ${FIRST_THOUGHT_MS}::float8 AS "firstThoughtMs", ${TOTAL_MS}::float8 AS "totalMs", (
       SELECT n.id FROM messages n WHERE n.chatroom_id = reply.chatroom_id AND n.status = 'pending' ORDER BY n.position LIMIT 1
     ) AS "nextReplyId",
     (SELECT coalesce(jsonb_agg(jsonb_build_object('messageId', message_id, 'kind', kind)), '[]') FROM wanted) AS "summaryTasks"
   FROM reply, owner, finished`,
});

/** How replies are finished: each of them once. */
@Injectable()
export class FinishingRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
    private readonly metrics: ModelMetrics,
  ) {}

  /**
   * Stores the request to cancel a reply, or all unfinished replies of the room.
   *
   * @returns the replies that were unfinished
   */
  requestCancel(
    userId: string,
    { chatroomId, replyId = null }: { chatroomId: string; replyId?: string | null },
  ): Promise<CancellableReply[]> {
    return this.database.run(requestCancel, { user_id: userId, chatroom_id: chatroomId, reply_id: replyId });
  }

  /**
   * Finishes a reply, once: outcome, refund, list version and the counts of usage in one commit.
   *
   * @param summaryAt the message at which a new summary should end
   * @returns null when the lease was lost
   */
  async finish({ replyId, attempt, model }: Attempt, outcome: Outcome, summaryAt: string | null = null): Promise<FollowUps | null> {
    const { usage, context, details = NO_DETAILS } = outcome;
    const [row] = await this.database.run(finish, {
      reply_id: replyId,
      attempt,
      refund: outcome.refund,
      status: outcome.status,
      content: outcome.content,
      finish_reason: outcome.finishReason,
      block_reason: outcome.blockReason,
      error_code: outcome.errorCode,
      input_tokens: usage?.inputTokens ?? null,
      output_tokens: usage?.outputTokens ?? null,
      reasoning_tokens: usage?.reasoningTokens ?? null,
      total_tokens: usage?.totalTokens ?? null,
      usage_estimated: usage?.estimated ?? null,
      context_turns: context?.turns ?? null,
      context_trimmed: context?.trimmed ?? null,
      context_summarised: context?.summarised ?? null,
      context_files_sent: context?.filesSent ?? null,
      context_files_omitted: context?.filesOmitted ?? null,
      first_token_at: outcome.firstTokenAt,
      first_thought_at: details.firstThoughtAt,
      reasoning: details.reasoning,
      part_lengths: details.partLengths,
      sources: details.sources,
      search_suggestions: details.searchSuggestions,
      thought_signatures: details.thoughtSignatures,
      detail_bytes: detailBytesOf(details),
      ...spendingOf(this.prices, model, usage ?? outcome.wasted),
      words: toVector(outcome.content),
      summary_at: summaryAt,
      is_server_error: outcome.isServerError ?? false,
    });
    if (!row) return null;
    const { firstTokenMs, firstThoughtMs, totalMs, ...followUps } = row;
    this.metrics.countFinished({ model, status: outcome.status, firstTokenMs, firstThoughtMs, totalMs });
    this.metrics.countTokens({ model, purpose: 'reply' }, usage ?? outcome.wasted);
    return followUps;
  }
}
