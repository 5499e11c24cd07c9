import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { currentOrigin } from '../../common/request-context.js';
import type { StatementRunner } from '../../database/database.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { PlansService } from '../subscriptions/index.js';

const RETRIED_REPLY = {
  replyId: 'uuid',
  userId: 'uuid',
  chatroomId: 'uuid',
  /** The version of the owner's chatroom list that the transaction made. */
  listVersion: 'float8',
  attempt: 'int4',
  model: 'text',
  plan: typed<Plan>('text'),
  errorCode: 'text',
  failedModel: 'text?',
} as const;

/** A failed reply that is pending again, with the error code and the model that it had failed with. */
export type RetriedReply = RowOf<typeof RETRIED_REPLY>;

/**
 * Every claim sets started_at, so a failed reply without it was never attempted here: an import or a copy wrote it. A
 * retry of such a reply would be an answer that nobody was charged for.
 */
export const RETRYABLE = `m.status = 'failed' AND m.started_at IS NOT NULL`;

// The owners first: the deletion of a room holds its owner when it comes to the finished messages.
const lockOwners = statement({
  name: 'replies_lock_owners_of_failed',
  parameters: { reply_ids: 'uuid[]' },
  columns: { id: 'uuid' },
  text: `SELECT u.id FROM users u WHERE u.id IN (SELECT m.user_id FROM messages m WHERE m.id = ANY (:reply_ids::uuid[]) AND ${RETRYABLE})
   ORDER BY u.id FOR NO KEY UPDATE`,
});

// The stream of a failed attempt tells its ending at the position of the next attempt. The pending reply takes that
// position over, and the claim comes after it. The count of unfinished replies and the list version change too; the
// unit was refunded when the reply failed, and is not charged again. As at a send, the owner's current plan decides on
// the model: the one that failed while the plan has it, else the room's, else the plan's default.
const retryFailed = statement({
  name: 'replies_retry_failed',
  parameters: { reply_ids: 'uuid[]', basic_models: 'text[]', pro_models: 'text[]', request_id: 'text?', traceparent: 'text?' },
  columns: RETRIED_REPLY,
  text: `WITH failed AS (
     SELECT m.id, m.error_code, m.model FROM messages m WHERE m.id = ANY (:reply_ids::uuid[]) AND ${RETRYABLE} ORDER BY m.id FOR NO KEY UPDATE
   ), chosen AS (
     SELECT failed.*, p.plan, CASE
         WHEN failed.model = ANY (offer.models) THEN failed.model
         WHEN c.model = ANY (offer.models) THEN c.model
         ELSE offer.models[1] END AS chosen_model
     FROM failed JOIN messages m ON m.id = failed.id JOIN chatrooms c ON c.id = m.chatroom_id JOIN user_plans p ON p.user_id = c.user_id,
       LATERAL (SELECT CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models) offer
   ), retried AS (
     UPDATE messages m SET status = 'pending', attempt = m.attempt + 1, forgiven_attempts = m.attempt + 1, error_code = NULL, finish_reason = NULL,
       is_suspect = NULL, cancel_requested_at = NULL, retry_at = NULL, started_at = NULL, first_token_at = NULL, first_thought_at = NULL, completed_at = NULL,
       context_turns = NULL, context_trimmed = NULL, context_summarised = NULL, context_files_sent = NULL, context_files_omitted = NULL, model = chosen.chosen_model,
       request_id = :request_id, traceparent = :traceparent
     FROM chosen WHERE m.id = chosen.id
     RETURNING m.id AS "replyId", m.attempt, m.user_id, m.chatroom_id, m.model, chosen.plan, chosen.error_code AS "errorCode", chosen.model AS "failedModel"
   ), owners AS (
     UPDATE users u SET list_version = u.list_version + 1, unfinished_replies = u.unfinished_replies + mine.replies
     FROM (SELECT user_id, count(*)::integer AS replies FROM retried GROUP BY user_id) mine WHERE u.id = mine.user_id
     RETURNING u.id, u.list_version
   )
   SELECT "replyId", user_id AS "userId", chatroom_id AS "chatroomId", owners.list_version::float8 AS "listVersion", attempt, model, plan, "errorCode", "failedModel"
   FROM retried JOIN owners ON owners.id = retried.user_id ORDER BY "replyId"`,
});

@Injectable()
export class RetriesRepository {
  private readonly models;

  constructor(plans: PlansService) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.models = { basic_models: modelsOf('basic'), pro_models: modelsOf('pro') };
  }

  /**
   * Makes those of the replies pending that have failed here, with as many attempts as a new reply. They go back to the
   * request of the retry from now on.
   */
  async retryFailed(transaction: StatementRunner, replyIds: readonly string[]): Promise<RetriedReply[]> {
    await transaction.run(lockOwners, { reply_ids: replyIds });
    const { requestId: request_id, traceparent } = currentOrigin();
    return transaction.run(retryFailed, { reply_ids: replyIds, ...this.models, request_id, traceparent });
  }
}
