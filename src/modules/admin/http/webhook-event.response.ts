import { ApiProperty } from '@nestjs/swagger';
import { decodeCursor, DEFAULT_PAGE_SIZE, isTimestamp, type Page, PageOf, PageQuery, toPage } from '../../../common/http/page.js';
import type { EventListOptions, EventOutcome, ListedEvent } from '../../billing/index.js';
import { isEventId } from '../webhook-events.service.js';
import { IsFilterWord } from './filter.fields.js';

export class ListWebhookEventsQuery extends PageQuery {
  @IsFilterWord(['true', 'false'], 'Only those that wait to be acted on, or only the others.')
  readonly pending?: 'true' | 'false';
}

export class WebhookEventResponse {
  @ApiProperty({ description: 'Stripe’s.', example: 'evt_1SVb3hKvQ2T9Zz' })
  readonly id!: string;

  @ApiProperty({ example: 'customer.subscription.updated' })
  readonly type!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The event as Stripe wrote it; null once the account that it is about is erased.',
    example: {
      id: 'evt_1SVb3hKvQ2T9Zz',
      object: 'event',
      api_version: '2026-10-28.endive',
      type: 'customer.subscription.updated',
      livemode: false,
      data: { object: { id: 'sub_1SVb3hKvQ2T9Zz', object: 'subscription', customer: 'cus_TSVb3hKvQ2T9Zz', status: 'active' } },
    },
  })
  readonly payload!: object | null;

  @ApiProperty({ type: 'integer', description: 'Tries that failed.', example: 0 })
  readonly attempts!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why the last try failed.', example: null })
  readonly error!: string | null;

  @ApiProperty({ enum: ['applied', 'ignored', 'refused'], nullable: true, description: 'null while it waits.', example: 'applied' })
  readonly outcome!: EventOutcome | null;

  @ApiProperty({ format: 'date-time', description: 'By Stripe’s clock.', example: '2026-11-22T20:15:03.000Z' })
  readonly occurred_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly received_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:03.480Z' })
  readonly processed_at!: string | null;
}

export class WebhookEventPage extends PageOf(WebhookEventResponse) {}

/** One row more than the page holds, to see whether there is another page. @throws ValidationFailedError */
export function toEventListOptions({ cursor, limit, pending }: ListWebhookEventsQuery): EventListOptions {
  const [at, id] = decodeCursor(cursor, [isTimestamp, isEventId]) ?? [];
  return {
    after: at !== undefined && id !== undefined ? { at, id } : null,
    isPending: pending === undefined ? null : pending === 'true',
    count: (limit ?? DEFAULT_PAGE_SIZE) + 1,
  };
}

export const toWebhookEventPage = (rows: readonly ListedEvent[], { limit }: PageQuery): Page<WebhookEventResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ receivedAt, id }) => [receivedAt.toISOString(), id], toWebhookEventResponse);

export const toWebhookEventResponse = (event: ListedEvent): WebhookEventResponse => ({
  id: event.id,
  type: event.type,
  payload: event.payload,
  attempts: event.attempts,
  error: event.lastError,
  outcome: event.outcome,
  occurred_at: event.occurredAt.toISOString(),
  received_at: event.receivedAt.toISOString(),
  processed_at: event.processedAt?.toISOString() ?? null,
});
