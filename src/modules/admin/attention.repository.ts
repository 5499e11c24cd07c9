import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// Unfinished replies have a small index of their own; by its order alone PostgreSQL might choose that of all messages.
const findOldestReply = statement({
  name: 'attention_oldest_reply',
  columns: { message_id: 'uuid', user_id: 'uuid', username: 'text', status: 'text', created_at: 'timestamptz' },
  text: `WITH unfinished AS MATERIALIZED (
     SELECT id, user_id, status, created_at FROM messages WHERE status IN ('pending', 'streaming')
   )
   SELECT oldest.id AS message_id, oldest.user_id, u.username, oldest.status, oldest.created_at
   FROM (SELECT * FROM unfinished ORDER BY created_at, id LIMIT 1) oldest JOIN users u ON u.id = oldest.user_id`,
});

/** The unfinished reply that was accepted first. */
export type OldestReply = NonNullable<typeof findOldestReply.row>;

const listModels = statement({
  name: 'attention_models',
  columns: { model: 'text', completed: 'float8', failed: 'float8', retried: 'float8', paused_until: 'timestamptz?' },
  text: `WITH replies AS (
     SELECT model, coalesce(sum(count) FILTER (WHERE outcome = 'completed'), 0)::float8 AS completed,
       coalesce(sum(count) FILTER (WHERE outcome = 'failed'), 0)::float8 AS failed,
       coalesce(sum(count) FILTER (WHERE outcome = 'retried'), 0)::float8 AS retried
     FROM model_hours WHERE hour >= date_trunc('hour', now(), 'UTC') - interval '1 hour' AND purpose = 'reply' GROUP BY model
   ), pauses AS (SELECT model, paused_until FROM model_pauses WHERE paused_until > now())
   SELECT model, coalesce(r.completed, 0) AS completed, coalesce(r.failed, 0) AS failed, coalesce(r.retried, 0) AS retried, p.paused_until
   FROM replies r FULL JOIN pauses p USING (model) ORDER BY model`,
});

/** The replies of a model in this hour and the one before, and until when it is paused. */
export type ModelState = NonNullable<typeof listModels.row>;

const countEvents = statement({
  name: 'attention_stripe_events',
  columns: { waiting: 'int4', failing: 'int4', oldest_waiting_at: 'timestamptz?' },
  text: `SELECT count(*)::integer AS waiting, count(*) FILTER (WHERE attempts > 0)::integer AS failing, min(requested_at) AS oldest_waiting_at
   FROM stripe_events WHERE processed_at IS NULL`,
});

/** Events of Stripe that are not processed yet; those whose last attempt failed are `failing`. */
export type EventBacklog = NonNullable<typeof countEvents.row>;

/** Reads what may need a hand. */
@Injectable()
export class AttentionRepository {
  constructor(private readonly database: Database) {}

  async findOldestReply(): Promise<OldestReply | null> {
    return (await this.database.run(findOldestReply, {}))[0] ?? null;
  }

  listModels(): Promise<ModelState[]> {
    return this.database.run(listModels, {});
  }

  async countEvents(): Promise<EventBacklog> {
    const [row] = await this.database.run(countEvents, {});
    if (!row) throw new Error('attention_stripe_events returns one row');
    return row;
  }
}
