import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { Database } from '../../database/database.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import type { Attempt } from './claims.repository.js';
import type { SummaryTask } from './summaries/summary.queue.js';
import type { FinishedStatus, FinishReason } from './message-status.js';
import type { Outcome } from './outcomes.js';
import { markedWords } from './search/marked-words.js';
import { toVector, WORDS_VERSION } from './search/words.js';
import { SPENDING, spendingOf } from './spending.js';
import { countInHour } from './usage/model-hours.js';
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
     coalesce(m.lease_until > now(), false) AS "isHeld", m.first_token_at IS NOT NULL AS "hasBegun", m.retry_at IS NOT NULL AS "isReleased"`,
});

/** The newest messages, among which a reply of the same model is searched that the model did answer. */
const NEWEST_MESSAGES = 1_000;

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
    first_token_at: 'timestamptz?',
    ...SPENDING.parameters,
    words: 'text?',
    summary_at: 'uuid?',
    is_server_error: 'bool',
  },
  columns: { nextReplyId: 'uuid?', summaryTasks: typed<readonly SummaryTask[]>('jsonb') },
  text: `WITH reply AS (
     SELECT id, user_id, chatroom_id, charged_day, octet_length(content) AS bytes FROM messages
     WHERE id = :reply_id AND attempt = :attempt AND status IN ('pending', 'streaming') FOR NO KEY UPDATE
   ), refund AS (
     UPDATE usage_days d SET messages = d.messages - 1 FROM reply WHERE :refund AND d.user_id = reply.user_id AND d.day = reply.charged_day RETURNING 1
   ), owner AS (
     UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies - 1,
       indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length(:content::text) - reply.bytes
     FROM reply, (SELECT count(*) FROM refund) AS refunded WHERE users.id = reply.user_id RETURNING users.indexed_messages
   ), finished AS (
     UPDATE messages m SET status = :status, content = :content, words = ${markedWords(':words', 'owner.indexed_messages', 'm.user_id')},
       words_version = CASE WHEN :content = '' THEN 1 ELSE ${WORDS_VERSION} END,
       finish_reason = :finish_reason, block_reason = :block_reason, error_code = :error_code,
       input_tokens = :input_tokens, output_tokens = :output_tokens, reasoning_tokens = :reasoning_tokens, total_tokens = :total_tokens,
       usage_estimated = :usage_estimated,
       context_turns = :context_turns, context_trimmed = :context_trimmed, context_summarised = :context_summarised,
       first_token_at = coalesce(m.first_token_at, :first_token_at),
       is_suspect = CASE WHEN :is_server_error::boolean AND coalesce(m.is_suspect, true) THEN EXISTS (
         SELECT 1 FROM (SELECT o.model, o.status, o.started_at, o.completed_at FROM messages o ORDER BY o.id DESC LIMIT ${NEWEST_MESSAGES}) o
         WHERE o.model = m.model AND o.status = 'completed' AND o.started_at IS NOT NULL AND o.completed_at > m.created_at
       ) END,
       charged_day = CASE WHEN :refund THEN NULL ELSE m.charged_day END, lease_until = NULL, retry_at = NULL, completed_at = now()
     FROM reply, owner WHERE m.id = reply.id
     RETURNING m.id, m.model, m.created_at, m.first_token_at, m.completed_at
   ), usage AS (
     INSERT INTO user_model_days AS d (user_id, day, model, messages, input_tokens, output_tokens, reasoning_tokens, cost_micros)
     SELECT reply.user_id, coalesce(reply.charged_day, (now() AT TIME ZONE 'UTC')::date), finished.model, CASE WHEN :refund THEN 0 ELSE 1 END,
       coalesce(:input_tokens, 0), coalesce(:output_tokens, 0), coalesce(:reasoning_tokens, 0),
       CASE WHEN :total_tokens::integer IS NULL THEN 0 ELSE :cost_micros::bigint END
     FROM reply, finished WHERE NOT :refund OR :total_tokens IS NOT NULL
     ON CONFLICT ON CONSTRAINT pk_user_model_days DO UPDATE SET messages = d.messages + excluded.messages,
       input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
       reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens, cost_micros = d.cost_micros + excluded.cost_micros
     RETURNING 1
   ), untitled AS (
     UPDATE chatrooms c SET title_requested_at = now(), title_requests = c.title_requests + 1 FROM reply, finished
     WHERE :status = 'completed' AND :content <> '' AND c.id = reply.chatroom_id AND c.name IS NULL AND NOT EXISTS (
       SELECT 1 FROM digests d JOIN messages t ON t.id = d.message_id
       WHERE d.kind = 'title' AND d.created_at = c.title_requested_at AND t.chatroom_id = c.id
     ) RETURNING 1
   ), wanted AS (
     INSERT INTO digests (message_id, kind)
     SELECT finished.id, 'title' FROM finished, untitled
     UNION ALL SELECT :summary_at::uuid, 'summary' FROM finished WHERE :summary_at::uuid IS NOT NULL
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
       firstTokenMs: 'extract(epoch FROM finished.first_token_at - finished.created_at) * 1000',
       totalMs: 'extract(epoch FROM finished.completed_at - finished.created_at) * 1000',
     })}
   )
   SELECT (
       SELECT n.id FROM messages n WHERE n.chatroom_id = reply.chatroom_id AND n.status = 'pending' ORDER BY n.position LIMIT 1
     ) AS "nextReplyId",
     (SELECT coalesce(jsonb_agg(jsonb_build_object('messageId', message_id, 'kind', kind)), '[]') FROM wanted) AS "summaryTasks"
   FROM reply`,
});

/** How replies are finished: each of them once. */
@Injectable()
export class FinishingRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
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
    const { usage, context } = outcome;
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
      first_token_at: outcome.firstTokenAt,
      ...spendingOf(this.prices, model, usage ?? outcome.wasted),
      words: toVector(outcome.content),
      summary_at: summaryAt,
      is_server_error: outcome.isServerError ?? false,
    });
    return row ?? null;
  }
}
