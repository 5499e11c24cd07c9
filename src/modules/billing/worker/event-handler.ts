import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { CustomersRepository } from '../customers.repository.js';
import { ACTED_ON } from '../event-types.js';
import { type EventOutcome, type StoredEvent, StripeEventsRepository } from '../stripe-events.repository.js';
import { SubscriptionSync } from '../subscription-sync.js';

/** Acts on a stored event: it tells only whom to look at, and Stripe tells the rest. Done twice, it has one effect. */
@Injectable()
export class EventHandler {
  private readonly logger = new Logger(EventHandler.name);

  constructor(
    private readonly events: StripeEventsRepository,
    private readonly customers: CustomersRepository,
    private readonly stripe: StripeAccount,
    private readonly sync: SubscriptionSync,
  ) {}

  /** @throws whatever went wrong, once the next try is set */
  async handle(eventId: string): Promise<void> {
    const event = await this.events.find(eventId);
    if (!event || event.processed_at !== null) return;
    try {
      const stripeCustomerId = event.stripe_customer_id ?? (await this.findCustomer(event));
      await this.events.settle(event, await this.act(event, stripeCustomerId), stripeCustomerId);
    } catch (error) {
      await this.events.postpone(eventId, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  private async act(event: StoredEvent, stripeCustomerId: string | null): Promise<EventOutcome> {
    const { client } = this.stripe;
    if (event.livemode !== client.isLive) {
      this.logger.warn(`event ${event.id} is of ${event.livemode ? 'live' : 'test'} mode, unlike the key: nothing is done about it`);
      return 'refused';
    }
    if (!ACTED_ON.has(event.type)) return 'ignored';
    const owner = stripeCustomerId === null ? null : await this.customers.findUser(stripeCustomerId);
    if (!owner) return 'ignored';
    // A look that began after the event came has seen what it is about.
    if (owner.synced_at === null || owner.synced_at <= event.requested_at) await this.sync.sync(owner.user_id);
    return 'applied';
  }

  private async findCustomer({ type, object_id }: StoredEvent): Promise<string | null> {
    return type.startsWith('charge.dispute.') && object_id !== null ? this.stripe.client.findCustomerOfCharge(object_id) : null;
  }
}
