import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import type { StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { PlansService } from '../subscriptions/index.js';
import type { Attempt } from './replies.repository.js';

/** A failed reply that is pending again, and what it had failed with. */
export interface RetriedReply extends Attempt {
  readonly plan: Plan;
  readonly errorCode: string;
  readonly failedModel: string | null;
}

/**
 * Every claim sets started_at, so a failed reply without it was never tried here: an import or a copy wrote it. A retry of one would be an answer
 * that nobody was charged for.
 */
export const RETRYABLE = `m.status = 'failed' AND m.started_at IS NOT NULL`;

// The owners first: whoever deletes a room holds its owner when he comes to the finished messages.
const lockOwnersOfFailed = statement<{ id: string }>(
  'replies_lock_owners_of_failed',
  `SELECT u.id FROM users u WHERE u.id IN (SELECT m.user_id FROM messages m WHERE m.id = ANY ($1::uuid[]) AND ${RETRYABLE})
   ORDER BY u.id FOR NO KEY UPDATE`,
);

// The failed ending of an attempt is told at the next one, so pending takes that place over and the claim comes after it. What counts the
// unfinished and the versions of lists moves with it; the unit went back when the reply failed, and is not taken again. As at a send, the owner's
// current plan decides on the model: the one that failed while the plan has it, else the room's, else the plan's default.
const retryFailed = statement<RetriedReply>(
  'replies_retry_failed',
  `WITH failed AS (
     SELECT m.id, m.error_code, m.model FROM messages m WHERE m.id = ANY ($1::uuid[]) AND ${RETRYABLE} ORDER BY m.id FOR NO KEY UPDATE
   ), chosen AS (
     SELECT failed.*, p.plan, CASE
         WHEN failed.model = ANY (offer.models) THEN failed.model
         WHEN c.model = ANY (offer.models) THEN c.model
         ELSE offer.models[1] END AS chosen_model
     FROM failed JOIN messages m ON m.id = failed.id JOIN chatrooms c ON c.id = m.chatroom_id JOIN user_plans p ON p.user_id = c.user_id,
       LATERAL (SELECT CASE p.plan WHEN 'basic' THEN $2::text[] ELSE $3::text[] END AS models) offer
   ), retried AS (
     UPDATE messages m SET status = 'pending', attempt = m.attempt + 1, forgiven_attempts = m.attempt + 1, error_code = NULL, finish_reason = NULL,
       is_suspect = NULL, cancel_requested_at = NULL, retry_at = NULL, started_at = NULL, first_token_at = NULL, completed_at = NULL,
       context_turns = NULL, context_trimmed = NULL, context_summarised = NULL, model = chosen.chosen_model
     FROM chosen WHERE m.id = chosen.id
     RETURNING m.id AS "replyId", m.attempt, m.user_id, m.model, chosen.plan, chosen.error_code AS "errorCode", chosen.model AS "failedModel"
   ), owners AS (
     UPDATE users u SET list_version = u.list_version + 1, unfinished_replies = u.unfinished_replies + mine.replies
     FROM (SELECT user_id, count(*)::integer AS replies FROM retried GROUP BY user_id) mine WHERE u.id = mine.user_id
   )
   SELECT "replyId", attempt, model, plan, "errorCode", "failedModel" FROM retried ORDER BY "replyId"`,
);

@Injectable()
export class RetriesRepository {
  private readonly models: readonly [basic: readonly string[], pro: readonly string[]];

  constructor(plans: PlansService) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.models = [modelsOf('basic'), modelsOf('pro')];
  }

  /** Puts those of the replies back to pending that have failed here, to be tried as often as a new one. */
  async retryFailed(on: StatementRunner, replyIds: readonly string[]): Promise<RetriedReply[]> {
    await on.run(lockOwnersOfFailed, [replyIds]);
    return on.run(retryFailed, [replyIds, ...this.models]);
  }
}
