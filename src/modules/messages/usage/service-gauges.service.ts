import { Injectable } from '@nestjs/common';
import { Metrics, samplesBy } from '../../../common/metrics/metrics.js';
import { Database } from '../../../database/database.js';
import { typed } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { BudgetService } from './budget.service.js';

// Unfinished replies have a small index of their own.
const readState = statement({
  name: 'metrics_replies',
  columns: { unfinished: 'int4', oldest_seconds: 'float8', pauses: typed<Readonly<Record<string, number>>>('jsonb') },
  text: `SELECT unfinished.count AS unfinished, coalesce(unfinished.age, 0)::float8 AS oldest_seconds,
     (SELECT coalesce(jsonb_object_agg(model, greatest(0, extract(epoch FROM paused_until - now()))), '{}') FROM model_pauses) AS pauses
   FROM (
     SELECT count(*)::integer AS count, extract(epoch FROM now() - min(created_at)) AS age FROM messages WHERE status IN ('pending', 'streaming')
   ) AS unfinished`,
});

/** Gauges of replies, models and the budget over the whole service. */
@Injectable()
export class ServiceGauges {
  constructor(metrics: Metrics, database: Database, budget: BudgetService) {
    metrics.observeService(
      {
        service_unfinished_replies: { help: 'Accepted replies that have not ended.' },
        service_oldest_reply_age_seconds: { help: 'Time since the acceptance of the oldest reply that has not ended; 0 without one.' },
        service_model_pause_seconds: { help: 'Time until a model is called again that asked for a wait.', labels: ['model'] },
        service_model_budget_dollars: { help: 'GEMINI_DAILY_BUDGET_USD; absent where it is not set.' },
        service_model_budget_spent_dollars: { help: 'Estimated cost of all calls of models in the current UTC day.' },
        service_model_budget_remaining_dollars: { help: "What is left of the day's budget; absent without one." },
      },
      async () => {
        const [[state], { spentMicros, limitMicros }] = await Promise.all([database.run(readState, {}), budget.getDay()]);
        const dollars = (micros: number) => micros / 1_000_000;
        return {
          service_unfinished_replies: state?.unfinished ?? null,
          service_oldest_reply_age_seconds: state?.oldest_seconds ?? null,
          service_model_pause_seconds: samplesBy('model', state?.pauses ?? {}),
          service_model_budget_dollars: limitMicros === null ? null : dollars(limitMicros),
          service_model_budget_spent_dollars: dollars(spentMicros),
          service_model_budget_remaining_dollars: limitMicros === null ? null : dollars(Math.max(0, limitMicros - spentMicros)),
        };
      },
    );
  }
}
