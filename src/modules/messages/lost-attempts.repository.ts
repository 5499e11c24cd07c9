import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { Claim } from './claims.repository.js';
import { SPENDING, spendingOf } from './spending.js';
import { spendOn } from './usage/fair-use.service.js';
import { countInHour } from './usage/model-hours.js';
import { ModelMetrics } from './usage/model-metrics.service.js';
import { PricesService, type Tokens } from './usage/prices.service.js';

// The reply is gone, or a later attempt works on it. Where neither is so, this attempt has finished it, and a commit
// whose answer was lost has counted it. What a deleted reply has consumed is the user's, as with a cancelled one; an
// attempt that another one has replaced is paid for by the service.
const count = statement({
  name: 'replies_count_lost_attempt',
  parameters: { reply_id: 'uuid', attempt: 'int4', user_id: 'uuid', model: 'text', ...SPENDING.parameters },
  text: `WITH lost AS (
     SELECT m.id IS NULL AS is_deleted, (now() AT TIME ZONE 'UTC')::date AS day
     FROM (SELECT :reply_id::uuid AS id) r LEFT JOIN messages m ON m.id = r.id
     WHERE m.id IS NULL OR m.attempt > :attempt
   ), owner AS (
     UPDATE users SET ${spendOn('lost.day', ':cost_micros::bigint')}
     FROM lost WHERE users.id = :user_id AND lost.is_deleted RETURNING users.id, lost.day
   ), usage AS (
     INSERT INTO user_model_days AS d (user_id, day, model, messages, input_tokens, output_tokens, reasoning_tokens, searches, cost_micros)
     SELECT owner.id, owner.day, :model, 0, :spent_input, :spent_output, :spent_reasoning, :spent_searches, :cost_micros FROM owner
     ON CONFLICT ON CONSTRAINT pk_user_model_days DO UPDATE SET input_tokens = d.input_tokens + excluded.input_tokens,
       output_tokens = d.output_tokens + excluded.output_tokens, reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens,
       searches = d.searches + excluded.searches, cost_micros = d.cost_micros + excluded.cost_micros
     RETURNING 1
   )
   ${countInHour({
     from: '(SELECT count(*) FROM usage) AS used, lost',
     id: ':reply_id::uuid',
     model: ':model',
     purpose: `'reply'`,
     outcome: `CASE WHEN lost.is_deleted THEN 'cancelled' ELSE 'retried' END`,
     reason: `CASE WHEN lost.is_deleted THEN 'deleted' ELSE 'lease_lost' END`,
     ...SPENDING.count,
   })}`,
});

/** What attempts have cost whose reply was deleted, or taken by another worker, while the model answered. */
@Injectable()
export class LostAttemptsRepository {
  constructor(
    private readonly database: Database,
    private readonly prices: PricesService,
    private readonly metrics: ModelMetrics,
  ) {}

  async count({ replyId, attempt, userId, model }: Claim, tokens: Tokens): Promise<void> {
    await this.database.run(count, { reply_id: replyId, attempt, user_id: userId, model, ...spendingOf(this.prices, model, tokens) });
    this.metrics.countTokens({ model, purpose: 'reply' }, tokens);
  }
}
