import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { isTimestamp, PageQuery, toPageRequest } from '../../../common/http/page.js';
import type { EventListOptions } from '../../billing/index.js';
import { EVENT_ID, isEventId } from '../webhook-events.service.js';
import { IsFilterWord } from './filter.fields.js';

const EVENT_TYPE = /^[a-z0-9_.]{1,100}$/;

export class ListWebhookEventsQuery extends PageQuery {
  @IsFilterWord(['true', 'false'], 'true: only events that wait to be processed; false: only the others.')
  readonly pending?: 'true' | 'false';

  @IsFilterWord(['true', 'false'], 'true: only events whose last attempt failed, and which are tried again; false: only the others.')
  readonly failing?: 'true' | 'false';

  @ApiPropertyOptional({
    description: 'Only events of this type of Stripe’s.',
    pattern: EVENT_TYPE.source,
    maxLength: 100,
    example: 'invoice.paid',
  })
  @IsOptional()
  @Matches(EVENT_TYPE, { message: 'type must be a type of Stripe’s events, such as invoice.paid' })
  readonly type?: string;

  @ApiPropertyOptional({
    description: 'Only the event with this id.',
    pattern: EVENT_ID.source,
    maxLength: 255,
    example: 'evt_1SVb3hKvQ2T9Zz',
  })
  @IsOptional()
  @Matches(EVENT_ID, { message: 'event_id must be an id of an event at Stripe' })
  readonly event_id?: string;
}

/** @throws ValidationFailedError */
export function toEventListOptions({ pending, failing, type, event_id, ...page }: ListWebhookEventsQuery): EventListOptions {
  const { after, count } = toPageRequest(page, [isTimestamp, isEventId]);
  const [at, id] = after ?? [];
  return {
    after: at !== undefined && id !== undefined ? { at, id } : null,
    isPending: pending === undefined ? null : pending === 'true',
    isFailing: failing === undefined ? null : failing === 'true',
    type: type ?? null,
    id: event_id ?? null,
    count,
  };
}
