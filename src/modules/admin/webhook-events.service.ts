import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { type ListedEvent, StripeEventsService } from '../billing/index.js';
import type { Administrator } from './administrator.js';
import { AuditLog } from './audit-log.js';

/** What can be an id of Stripe's. */
export const isEventId = (text: string): boolean => /^[\w-]{1,255}$/.test(text);

@Injectable()
export class WebhookEventsService {
  constructor(
    private readonly database: Database,
    private readonly events: StripeEventsService,
    private readonly audit: AuditLog,
  ) {}

  /** Has a worker act on an event of Stripe again: it asks Stripe how things are, so any number of times come to the same. @throws NotFoundError */
  async replay(by: Administrator, eventId: string): Promise<ListedEvent> {
    if (!isEventId(eventId)) throw new NotFoundError();
    return this.database.transaction(async (transaction) => {
      await this.audit.record(transaction, by, [{ action: 'webhook_event.replay', targetId: eventId, before: null, after: null }]);
      return this.events.replayEvent(eventId);
    });
  }
}
