import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { HANDLED_EVENT_TYPES } from '../event-types.js';
import { StripeEventsRepository } from '../stripe-events.repository.js';
import { StripeEventsService } from '../stripe-events.service.js';

/** Stripe may list an event later than a younger one, so that each run reads the last ten minutes again. */
const OVERLAP_MS = 600_000;
const MAX_EVENTS = 1_000;

/**
 * Reads Stripe's list of events for those that never arrived. The daily sync run of each customer makes up for events
 * that are past `MAX_EVENTS`, or older than the list.
 */
@Injectable()
export class ReconciliationService {
  private readonly logger = new Logger(ReconciliationService.name);

  constructor(
    private readonly stripe: StripeAccount,
    private readonly events: StripeEventsRepository,
    private readonly ledger: StripeEventsService,
  ) {}

  /** @throws BillingUnavailableError */
  async reconcile(): Promise<void> {
    const seenUntil = await this.events.findCursor();
    const since = seenUntil && new Date(seenUntil.getTime() - OVERLAP_MS);
    const found = await this.stripe.client.events.list([...HANDLED_EVENT_TYPES], since, MAX_EVENTS);
    const [newest] = found;
    if (!newest) return;
    let missed = 0;
    for (const event of found.reverse()) if (await this.ledger.storeEvent(event)) missed += 1;
    // The cursor moves last: if this run fails half-way, the next one reads the same events again.
    await this.events.moveCursor(newest.occurredAt);
    if (missed > 0) this.logger.log(`${missed} events of Stripe had not arrived`);
  }
}
