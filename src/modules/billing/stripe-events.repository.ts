import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { StripeEvent } from '../../integrations/stripe/index.js';

/** What became of an event: it had us look at Stripe, it is none of our business, or it is of the other mode than our key. */
export type EventOutcome = 'applied' | 'ignored' | 'refused';

export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly api_version: string | null;
  readonly livemode: boolean;
  readonly object_id: string | null;
  readonly stripe_customer_id: string | null;
  readonly occurred_at: Date;
  readonly received_at: Date;
  readonly requested_at: Date;
  readonly attempts: number;
  readonly processed_at: Date | null;
  readonly outcome: EventOutcome | null;
  readonly last_error: string | null;
}

/** With what it says; null once its customer is erased. */
export interface ListedEvent extends StoredEvent {
  readonly payload: object | null;
}

/** After so long without a job of its own an event is taken up by the sweep. */
const PATIENCE = `interval '5 seconds'`;

const COLUMNS = `id, type, api_version, livemode, object_id, stripe_customer_id, occurred_at, received_at, requested_at, attempts, processed_at,
  outcome, last_error`;

const store = statement<{ id: string }>(
  'stripe_events_store',
  `INSERT INTO stripe_events (id, type, api_version, livemode, object_id, stripe_customer_id, occurred_at, payload, due_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + ${PATIENCE}) ON CONFLICT (id) DO NOTHING RETURNING id`,
);

const find = statement<StoredEvent>('stripe_events_find', `SELECT ${COLUMNS} FROM stripe_events WHERE id = $1`);

const list = statement<ListedEvent>(
  'stripe_events_list',
  `SELECT ${COLUMNS}, payload FROM stripe_events
   WHERE ($1::text IS NULL OR (received_at, id) < ($2, $1)) AND ($3::boolean IS NULL OR (processed_at IS NULL) = $3)
   ORDER BY received_at DESC, id DESC LIMIT $4`,
);

// Whoever finds an event due puts it off for as long as a worker may take: should that one die, it is due again.
const takeDue = statement<{ id: string }>(
  'stripe_events_take_due',
  `UPDATE stripe_events SET due_at = now() + interval '30 seconds' WHERE id IN (
     SELECT id FROM stripe_events WHERE processed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
   ) RETURNING id`,
);

// Asked for again while it was worked on, it stays to be done. What it says of somebody who was erased before it came, or whose it turned out to be
// only now, is not kept.
const settle = statement<never>(
  'stripe_events_settle',
  `UPDATE stripe_events e SET processed_at = now(), outcome = $2, last_error = NULL, stripe_customer_id = coalesce(stripe_customer_id, $4),
     payload = CASE WHEN NOT EXISTS (SELECT 1 FROM customer_closures c WHERE c.stripe_customer_id = coalesce(e.stripe_customer_id, $4)) THEN payload END
   WHERE id = $1 AND processed_at IS NULL AND requested_at = $3`,
);

const postpone = statement<never>(
  'stripe_events_postpone',
  `UPDATE stripe_events SET attempts = attempts + 1, last_error = $2,
     due_at = now() + least(power(2, least(attempts, 12)) * interval '2 seconds', interval '1 hour')
   WHERE id = $1 AND processed_at IS NULL`,
);

const reopen = statement<ListedEvent>(
  'stripe_events_reopen',
  `UPDATE stripe_events SET requested_at = clock_timestamp(), due_at = now() + ${PATIENCE}, attempts = 0, processed_at = NULL, outcome = NULL,
     last_error = NULL
   WHERE id = $1 RETURNING ${COLUMNS}, payload`,
);

const findCursor = statement<{ seen_until: Date }>('stripe_cursors_find', `SELECT seen_until FROM stripe_cursors WHERE name = 'events'`);

const moveCursor = statement<never>(
  'stripe_cursors_move',
  `INSERT INTO stripe_cursors AS c (name, seen_until) VALUES ('events', $1)
   ON CONFLICT (name) DO UPDATE SET seen_until = greatest(c.seen_until, excluded.seen_until)`,
);

@Injectable()
export class StripeEventsRepository {
  constructor(private readonly database: Database) {}

  /** @returns whether it is new */
  async store({ id, type, apiVersion, livemode, objectId, stripeCustomerId, occurredAt, payload }: StripeEvent): Promise<boolean> {
    const values = [id, type, apiVersion, livemode, objectId, stripeCustomerId, occurredAt, payload];
    return (await this.database.run(store, values)).length === 1;
  }

  async find(id: string): Promise<StoredEvent | null> {
    return (await this.database.run(find, [id]))[0] ?? null;
  }

  /** The newest received first. */
  list({ after, isPending, count }: EventListOptions): Promise<ListedEvent[]> {
    return this.database.run(list, [after?.id ?? null, after?.at ?? null, isPending, count]);
  }

  /** Those that nobody works on, or is not known to. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, [limit])).map(({ id }) => id);
  }

  /** @param stripeCustomerId whose it is, null if it is nobody's or not known */
  async settle({ id, requested_at }: StoredEvent, outcome: EventOutcome, stripeCustomerId: string | null): Promise<void> {
    await this.database.run(settle, [id, outcome, requested_at, stripeCustomerId]);
  }

  /** The next try comes later each time, up to an hour. */
  async postpone(id: string, reason: string): Promise<void> {
    await this.database.run(postpone, [id, reason.slice(0, 500)]);
  }

  async reopen(id: string): Promise<ListedEvent | null> {
    return (await this.database.run(reopen, [id]))[0] ?? null;
  }

  /** Up to where Stripe's list was read; null before the first time. */
  async findCursor(): Promise<Date | null> {
    return (await this.database.run(findCursor, []))[0]?.seen_until ?? null;
  }

  async moveCursor(seenUntil: Date): Promise<void> {
    await this.database.run(moveCursor, [seenUntil]);
  }
}

export interface EventListOptions {
  /** Only what was received before this one; null for the newest. */
  readonly after: { readonly at: string; readonly id: string } | null;
  /** Only those that wait to be acted on, or only the others; null for all. */
  readonly isPending: boolean | null;
  readonly count: number;
}
