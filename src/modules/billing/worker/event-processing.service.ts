import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../../../common/metrics/metrics.js';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { CustomerClosuresRepository } from '../customer-closures.repository.js';
import { CustomersRepository } from '../customers.repository.js';
import { HANDLED_EVENT_TYPES, PAYMENT_EVENT_TYPES } from '../event-types.js';
import type { EventOutcome } from '../stripe-event.entity.js';
import { type StoredEvent, StripeEventsRepository } from '../stripe-events.repository.js';
import { RefundsService } from '../refunds.service.js';
import { SubscriptionSyncService } from '../subscription-sync.service.js';

/** The database stores times in whole milliseconds. */
const CLOCK_STEP_MS = 1;

/**
 * Processes stored events. Only the customer is read from an event; the sync run asks Stripe for the rest. An event
 * that is processed twice has one effect.
 */
@Injectable()
export class EventProcessingService {
  private readonly processed;
  private readonly lag;
  private readonly logger = new Logger(EventProcessingService.name);

  constructor(
    private readonly events: StripeEventsRepository,
    private readonly customers: CustomersRepository,
    private readonly closures: CustomerClosuresRepository,
    private readonly stripe: StripeAccount,
    private readonly syncs: SubscriptionSyncService,
    private readonly refunds: RefundsService,
    metrics: Metrics,
  ) {
    this.processed = metrics.counter(
      'stripe_events_total',
      "Attempts to process Stripe's events, by outcome; types that change nothing are `other`.",
      ['type', 'outcome'],
    );
    this.lag = metrics.histogram(
      'stripe_event_lag_seconds',
      'Time from the receipt of an event of Stripe to the end of its processing.',
      [],
    );
  }

  /** @throws the error of a failed attempt, after the next attempt was scheduled */
  async processEvent(eventId: string): Promise<void> {
    const event = await this.events.find(eventId);
    if (!event || event.processedAt !== null) return;
    // An event cannot be judged with a wrong key. The sweep queues it again once the key is right.
    if (!(await this.stripe.checkKey())) return;
    const begun = performance.now();
    const type = HANDLED_EVENT_TYPES.has(event.type) ? event.type : 'other';
    try {
      const stripeCustomerId = event.stripeCustomerId ?? (await this.findCustomer(event));
      const outcome = await this.apply(event, stripeCustomerId);
      await this.events.finish(event, { outcome, stripeCustomerId });
      this.processed.inc({ type, outcome });
      this.lag.observe((event.age_ms + performance.now() - begun) / 1_000);
    } catch (error) {
      this.processed.inc({ type, outcome: 'failed' });
      await this.events.postpone(eventId, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  private async apply(event: StoredEvent, stripeCustomerId: string | null): Promise<EventOutcome> {
    if (event.livemode !== this.stripe.client.isLive) {
      this.logger.warn(`event ${event.id} is of ${event.livemode ? 'live' : 'test'} mode, unlike the key: it is refused`);
      return 'refused';
    }
    if (!HANDLED_EVENT_TYPES.has(event.type)) return 'ignored';
    if (event.type.startsWith('refund.')) {
      return event.objectId !== null && (await this.refunds.recheck(event.objectId)) ? 'applied' : 'ignored';
    }
    if (stripeCustomerId === null) return 'ignored';
    const customer = await this.customers.findByStripeId(stripeCustomerId);
    // A closed account gets back what was paid after it was closed.
    if (!customer) return PAYMENT_EVENT_TYPES.has(event.type) && (await this.closures.reopen(stripeCustomerId)) ? 'applied' : 'ignored';
    // A sync run that began after the event was received has read the change that the event reports.
    await this.syncs.sync(customer.userId, { maxAgeMs: event.age_ms - CLOCK_STEP_MS });
    return 'applied';
  }

  private async findCustomer({ type, objectId }: StoredEvent): Promise<string | null> {
    return type.startsWith('charge.dispute.') && objectId !== null ? this.stripe.client.payments.findCustomerOfCharge(objectId) : null;
  }
}
