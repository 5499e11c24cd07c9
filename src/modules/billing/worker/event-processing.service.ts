import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { CustomersRepository } from '../customers.repository.js';
import { HANDLED_EVENT_TYPES } from '../event-types.js';
import type { EventOutcome } from '../stripe-event.entity.js';
import { type StoredEvent, StripeEventsRepository } from '../stripe-events.repository.js';
import { SubscriptionSyncService } from '../subscription-sync.service.js';

/**
 * Processes stored events. Only the customer is read from an event; the sync run asks Stripe for the rest. An event
 * that is processed twice has one effect.
 */
@Injectable()
export class EventProcessingService {
  private readonly logger = new Logger(EventProcessingService.name);

  constructor(
    private readonly events: StripeEventsRepository,
    private readonly customers: CustomersRepository,
    private readonly stripe: StripeAccount,
    private readonly syncs: SubscriptionSyncService,
  ) {}

  /** @throws the error of a failed attempt, after the next attempt was scheduled */
  async processEvent(eventId: string): Promise<void> {
    const event = await this.events.find(eventId);
    if (!event || event.processedAt !== null) return;
    try {
      const stripeCustomerId = event.stripeCustomerId ?? (await this.findCustomer(event));
      const outcome = await this.apply(event, stripeCustomerId);
      await this.events.finish(event, { outcome, stripeCustomerId });
    } catch (error) {
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
    const customer = stripeCustomerId === null ? null : await this.customers.findByStripeId(stripeCustomerId);
    if (!customer) return 'ignored';
    // A sync run that began after the event was received has read the change that the event reports.
    if (customer.syncedAt === null || customer.syncedAt <= event.requestedAt) await this.syncs.sync(customer.userId);
    return 'applied';
  }

  private async findCustomer({ type, objectId }: StoredEvent): Promise<string | null> {
    return type.startsWith('charge.dispute.') && objectId !== null ? this.stripe.client.findCustomerOfCharge(objectId) : null;
  }
}
