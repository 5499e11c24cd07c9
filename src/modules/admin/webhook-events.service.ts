import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { type ListedEvent, StripeEventsService } from '../billing/index.js';
import type { Administrator } from './administrator.js';
import { AuditLogService } from './audit-log.service.js';

/** An id of an event at Stripe. */
export const EVENT_ID = /^[\w-]{1,255}$/;

/** Whether the text can be an id of an event at Stripe. */
export const isEventId = (text: string): boolean => EVENT_ID.test(text);

@Injectable()
export class WebhookEventsService {
  constructor(
    private readonly database: Database,
    private readonly events: StripeEventsService,
    private readonly auditLog: AuditLogService,
  ) {}

  /**
   * Has a worker process an event of Stripe again. The worker asks Stripe for the present state, so repeats have one
   * effect.
   *
   * @throws NotFoundError
   */
  async replay(by: Administrator, { eventId }: { readonly eventId: string }): Promise<ListedEvent> {
    if (!isEventId(eventId)) throw new NotFoundError();
    return this.database.transaction(async (transaction) => {
      const entry = { action: 'webhook_event.replay', targetId: eventId, before: null, after: null } as const;
      await this.auditLog.recordChanges(by, [entry], transaction);
      return this.events.replayEvent(eventId);
    });
  }
}
