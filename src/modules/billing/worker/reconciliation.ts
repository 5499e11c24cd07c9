import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { ACTED_ON } from '../event-types.js';
import { StripeEventsRepository } from '../stripe-events.repository.js';
import { StripeEventsService } from '../stripe-events.service.js';

/** Stripe may show an event later than one that is younger. */
const OVERLAP_MS = 600_000;
const MOST_EVENTS = 1_000;

/** Reads Stripe's own list of events for those that never arrived. What is older than its reach is found by the daily check of each customer. */
@Injectable()
export class Reconciliation {
  private readonly logger = new Logger(Reconciliation.name);

  constructor(
    private readonly stripe: StripeAccount,
    private readonly events: StripeEventsRepository,
    private readonly ledger: StripeEventsService,
  ) {}

  /** @throws BillingUnavailableError */
  async run(): Promise<void> {
    const seenUntil = await this.events.findCursor();
    const since = seenUntil && new Date(seenUntil.getTime() - OVERLAP_MS);
    const found = await this.stripe.client.listEvents([...ACTED_ON], since, MOST_EVENTS);
    const [newest] = found;
    if (!newest) return;
    let missed = 0;
    for (const event of found.reverse()) if (await this.ledger.keep(event)) missed += 1;
    // Only now: should this fail half-way, the next run reads the same again.
    await this.events.moveCursor(newest.occurredAt);
    if (missed > 0) this.logger.log(`${missed} events of Stripe had not arrived`);
  }
}
