import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Database } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import type { StripeEvent } from '../../integrations/stripe/index.js';
import { StripeCursorEntity } from './stripe-cursor.entity.js';
import { type EventOutcome, StripeEventEntity } from './stripe-event.entity.js';

const LISTED = columnsOf(StripeEventEntity, [
  'id',
  'type',
  'payload',
  'attempts',
  'lastError',
  'outcome',
  'occurredAt',
  'receivedAt',
  'processedAt',
]);

/** An event as administrators see it. */
export type ListedEvent = RowOf<typeof LISTED.columns>;

const STORED = columnsOf(StripeEventEntity, ['id', 'type', 'livemode', 'objectId', 'stripeCustomerId', 'requestedAt', 'processedAt']);
const STORED_EVENT = { ...STORED.columns, age_ms: 'float8' } as const;

/** The part of a stored event that a worker needs. `age_ms`: the time since `requestedAt`, by the database's clock. */
export type StoredEvent = RowOf<typeof STORED_EVENT>;

export interface EventListOptions {
  /** Only events that were received before this one; null for the newest. */
  readonly after: { readonly at: string; readonly id: string } | null;
  /** True for events that wait to be processed, false for the others, null for all. */
  readonly isPending: boolean | null;
  /** True for events whose last attempt failed, false for the others, null for all. */
  readonly isFailing: boolean | null;
  /** Stripe's type of the events; null for all. */
  readonly type: string | null;
  /** Stripe's id of the one event; null for all. */
  readonly id: string | null;
  readonly count: number;
}

/** The row of stripe_cursors for Stripe's list of events. */
const CURSOR = 'events';

/** The time that the job of an event has before the sweep adds another one. */
const SWEEP_DELAY = `interval '5 seconds'`;

// The payload is stored as Stripe wrote it, and not encoded again.
const store = statement({
  name: 'stripe_events_store',
  parameters: {
    id: 'text',
    type: 'text',
    api_version: 'text?',
    livemode: 'bool',
    object_id: 'text?',
    stripe_customer_id: 'text?',
    occurred_at: 'timestamptz',
    payload: 'text',
  },
  columns: { id: 'text' },
  text: `INSERT INTO stripe_events (id, type, api_version, livemode, object_id, stripe_customer_id, occurred_at, payload, due_at)
   VALUES (:id, :type, :api_version, :livemode, :object_id, :stripe_customer_id, :occurred_at, :payload::text::json, now() + ${SWEEP_DELAY})
   ON CONFLICT (id) DO NOTHING RETURNING id`,
});

const find = statement({
  name: 'stripe_events_find',
  parameters: { id: 'text' },
  columns: STORED_EVENT,
  text: `SELECT ${STORED.sql()}, extract(epoch FROM clock_timestamp() - requested_at)::float8 * 1000 AS age_ms
   FROM stripe_events WHERE id = :id`,
});

// A process that takes an event postpones it for as long as a worker may need. If the worker dies, it is due again.
const takeDue = statement({
  name: 'stripe_events_take_due',
  parameters: { limit: 'int8' },
  columns: { id: 'text' },
  text: `UPDATE stripe_events SET due_at = now() + interval '30 seconds' WHERE id IN (
     SELECT id FROM stripe_events WHERE processed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
   ) RETURNING id`,
});

// An event that was replayed while a worker processed it has another requested_at, and stays unprocessed. The payload
// is deleted when its customer was closed: the event may have arrived after the erasure, or its customer was unknown so
// far.
const finish = statement({
  name: 'stripe_events_finish',
  parameters: { id: 'text', outcome: typed<EventOutcome>('text'), requested_at: 'timestamptz', stripe_customer_id: 'text?' },
  text: `UPDATE stripe_events e SET processed_at = now(), outcome = :outcome, last_error = NULL,
     stripe_customer_id = coalesce(stripe_customer_id, :stripe_customer_id),
     payload = CASE WHEN NOT EXISTS (
       SELECT 1 FROM customer_closures c WHERE c.stripe_customer_id = coalesce(e.stripe_customer_id, :stripe_customer_id)
     ) THEN payload END
   WHERE id = :id AND processed_at IS NULL AND requested_at = :requested_at`,
});

const postpone = statement({
  name: 'stripe_events_postpone',
  parameters: { id: 'text', error: 'text' },
  text: `UPDATE stripe_events SET attempts = attempts + 1, last_error = :error,
     due_at = now() + least(power(2, least(attempts, 12)) * interval '2 seconds', interval '1 hour')
   WHERE id = :id AND processed_at IS NULL`,
});

const reopen = statement({
  name: 'stripe_events_reopen',
  parameters: { id: 'text' },
  columns: LISTED.columns,
  text: `UPDATE stripe_events SET requested_at = clock_timestamp(), due_at = now() + ${SWEEP_DELAY}, attempts = 0, processed_at = NULL,
     outcome = NULL, last_error = NULL
   WHERE id = :id RETURNING ${LISTED.sql()}`,
});

const countWaiting = statement({
  name: 'stripe_events_count_waiting',
  columns: { waiting: 'int4', failing: 'int4', oldest_seconds: 'float8' },
  text: `SELECT count(*)::integer AS waiting, count(*) FILTER (WHERE attempts > 0)::integer AS failing,
     coalesce(extract(epoch FROM now() - min(requested_at)), 0)::float8 AS oldest_seconds
   FROM stripe_events WHERE processed_at IS NULL`,
});

const moveCursor = statement({
  name: 'stripe_cursors_move',
  parameters: { name: 'text', seen_until: 'timestamptz' },
  text: `INSERT INTO stripe_cursors AS c (name, seen_until) VALUES (:name, :seen_until)
   ON CONFLICT (name) DO UPDATE SET seen_until = greatest(c.seen_until, excluded.seen_until)`,
});

@Injectable()
export class StripeEventsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(StripeEventEntity) private readonly events: Repository<StripeEventEntity>,
    @InjectRepository(StripeCursorEntity) private readonly cursors: Repository<StripeCursorEntity>,
  ) {}

  /** @returns whether the event is new */
  async store(event: StripeEvent): Promise<boolean> {
    const rows = await this.database.run(store, {
      id: event.id,
      type: event.type,
      api_version: event.apiVersion,
      livemode: event.livemode,
      object_id: event.objectId,
      stripe_customer_id: event.stripeCustomerId,
      occurred_at: event.occurredAt,
      payload: event.payload,
    });
    return rows.length === 1;
  }

  async find(id: string): Promise<StoredEvent | null> {
    return (await this.database.run(find, { id }))[0] ?? null;
  }

  /** The event that was received last comes first. */
  list({ after, isPending, isFailing, type, id, count }: EventListOptions): Promise<ListedEvent[]> {
    const query = this.events.createQueryBuilder('e').orderBy({ 'e.receivedAt': 'DESC', 'e.id': 'DESC' }).limit(count);
    if (after) query.andWhere('(e.receivedAt, e.id) < (:at, :id)', after);
    if (isPending !== null) query.andWhere(`e.processedAt IS ${isPending ? '' : 'NOT '}NULL`);
    const failing = '(e.processedAt IS NULL AND e.attempts > 0)';
    if (isFailing !== null) query.andWhere(isFailing ? failing : `NOT ${failing}`);
    if (type !== null) query.andWhere('e.type = :type', { type });
    // Its own name: the key of the page has an id, too.
    if (id !== null) query.andWhere('e.id = :eventId', { eventId: id });
    return query.getMany();
  }

  /** The events that wait to be processed, and the seconds that the oldest one has waited. */
  async countWaiting(): Promise<NonNullable<typeof countWaiting.row>> {
    const [row] = await this.database.run(countWaiting, {});
    if (!row) throw new Error('stripe_events_count_waiting returns one row');
    return row;
  }

  /** Events whose job was lost, has failed, or is late. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, { limit })).map(({ id }) => id);
  }

  /** @param result.stripeCustomerId null when the event has no customer, or an unknown one */
  async finish(
    { id, requestedAt }: StoredEvent,
    { outcome, stripeCustomerId }: { outcome: EventOutcome; stripeCustomerId: string | null },
  ): Promise<void> {
    await this.database.run(finish, { id, outcome, requested_at: requestedAt, stripe_customer_id: stripeCustomerId });
  }

  /** Stores the error of a failed attempt. The delay before the next one doubles, up to an hour. */
  async postpone(id: string, error: string): Promise<void> {
    await this.database.run(postpone, { id, error: error.slice(0, 500) });
  }

  /** @returns null for an unknown event */
  async reopen(id: string): Promise<ListedEvent | null> {
    return (await this.database.run(reopen, { id }))[0] ?? null;
  }

  /** The time up to which Stripe's list of events was read; null before the first time. */
  async findCursor(): Promise<Date | null> {
    return (await this.cursors.findOneBy({ name: CURSOR }))?.seenUntil ?? null;
  }

  /** Never moves the cursor back. */
  async moveCursor(seenUntil: Date): Promise<void> {
    await this.database.run(moveCursor, { name: CURSOR, seen_until: seenUntil });
  }
}
