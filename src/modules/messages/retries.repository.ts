import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import type { StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { Attempt } from './replies.repository.js';

/** A failed reply that is pending again, and what it had failed with. */
export interface RetriedReply extends Omit<Attempt, 'model'> {
  readonly plan: Plan;
  readonly errorCode: string;
}

// The owners first: whoever deletes a room holds its owner when he comes to the finished messages.
const lockOwnersOfFailed = statement<{ id: string }>(
  'replies_lock_owners_of_failed',
  `SELECT u.id FROM users u WHERE u.id IN (SELECT m.user_id FROM messages m WHERE m.id = ANY ($1::uuid[]) AND m.status = 'failed')
   ORDER BY u.id FOR NO KEY UPDATE`,
);

// The failed ending of an attempt is told at the next one, so pending takes that place over and the claim comes after it. What counts the
// unfinished and the versions of lists moves with it; the unit went back when the reply failed, and is not taken again.
const retryFailed = statement<RetriedReply>(
  'replies_retry_failed',
  `WITH failed AS (
     SELECT m.id, m.error_code FROM messages m WHERE m.id = ANY ($1::uuid[]) AND m.status = 'failed' ORDER BY m.id FOR NO KEY UPDATE
   ), retried AS (
     UPDATE messages m SET status = 'pending', attempt = m.attempt + 1, forgiven_attempts = m.attempt + 1, error_code = NULL, finish_reason = NULL,
       is_suspect = NULL, cancel_requested_at = NULL, retry_at = NULL, started_at = NULL, first_token_at = NULL, completed_at = NULL,
       context_turns = NULL, context_trimmed = NULL, context_summarised = NULL
     FROM failed WHERE m.id = failed.id
     RETURNING m.id AS "replyId", m.attempt, m.user_id, failed.error_code AS "errorCode"
   ), owners AS (
     UPDATE users u SET list_version = u.list_version + 1, unfinished_replies = u.unfinished_replies + mine.replies
     FROM (SELECT user_id, count(*)::integer AS replies FROM retried GROUP BY user_id) mine WHERE u.id = mine.user_id
   )
   SELECT "replyId", attempt, "errorCode", p.plan FROM retried JOIN user_plans p ON p.user_id = retried.user_id ORDER BY "replyId"`,
);

@Injectable()
export class RetriesRepository {
  /** Puts those of the replies back to pending that have failed, to be tried as often as a new one. */
  async retryFailed(on: StatementRunner, replyIds: readonly string[]): Promise<RetriedReply[]> {
    await on.run(lockOwnersOfFailed, [replyIds]);
    return on.run(retryFailed, [replyIds]);
  }
}
