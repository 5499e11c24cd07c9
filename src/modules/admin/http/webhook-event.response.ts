import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, type PageQuery, toPage } from '../../../common/http/page.js';
import type { EventOutcome, ListedEvent } from '../../billing/index.js';

export class WebhookEventResponse {
  @ApiProperty({ description: 'Stripe’s id of the event.', example: 'evt_1SVb3hKvQ2T9Zz' })
  readonly id!: string;

  @ApiProperty({ example: 'customer.subscription.updated' })
  readonly type!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The event as Stripe sent it; null when its account is erased.',
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

  @ApiProperty({ type: 'integer', description: 'Failed attempts.', example: 0 })
  readonly attempts!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Error of the last failed attempt.', example: null })
  readonly error!: string | null;

  @ApiProperty({ enum: ['applied', 'ignored', 'refused'], nullable: true, description: 'null while the event waits.', example: 'applied' })
  readonly outcome!: EventOutcome | null;

  @ApiProperty({ format: 'date-time', description: 'By Stripe’s clock.', example: '2026-11-22T20:15:03.000Z' })
  readonly occurred_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly received_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T20:15:03.480Z' })
  readonly processed_at!: string | null;
}

export class WebhookEventPage extends PageOf(WebhookEventResponse) {}

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
