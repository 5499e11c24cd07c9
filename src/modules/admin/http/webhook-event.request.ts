import { isTimestamp, PageQuery, toPageRequest } from '../../../common/http/page.js';
import type { EventListOptions } from '../../billing/index.js';
import { isEventId } from '../webhook-events.service.js';
import { IsFilterWord } from './filter.fields.js';

export class ListWebhookEventsQuery extends PageQuery {
  @IsFilterWord(['true', 'false'], 'true: only events that wait to be processed; false: only the others.')
  readonly pending?: 'true' | 'false';
}

/** @throws ValidationFailedError */
export function toEventListOptions({ pending, ...page }: ListWebhookEventsQuery): EventListOptions {
  const { after, count } = toPageRequest(page, [isTimestamp, isEventId]);
  const [at, id] = after ?? [];
  return {
    after: at !== undefined && id !== undefined ? { at, id } : null,
    isPending: pending === undefined ? null : pending === 'true',
    count,
  };
}
