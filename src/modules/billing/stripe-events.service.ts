import { Injectable, Logger } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { STRIPE_API_VERSION, StripeAccount, type StripeEvent } from '../../integrations/stripe/index.js';
import { BillingQueue } from './billing.queue.js';
import { InvalidSignatureError } from './billing.errors.js';
import { type EventListOptions, type ListedEvent, StripeEventsRepository } from './stripe-events.repository.js';

/** The ledger of Stripe's events. A webhook only stores its event; a worker processes it. */
@Injectable()
export class StripeEventsService {
  private readonly logger = new Logger(StripeEventsService.name);

  constructor(
    private readonly events: StripeEventsRepository,
    private readonly queue: BillingQueue,
    private readonly stripe: StripeAccount,
  ) {}

  /**
   * Stores the event of a webhook. A repeat changes nothing.
   *
   * @param webhook.body the bytes as they were received
   * @throws InvalidSignatureError; pg's errors, after which Stripe sends the event again
   */
  async receiveWebhook({ body, signature }: { body: Buffer | undefined; signature: string | undefined }): Promise<void> {
    const { client } = this.stripe;
    const event = body && signature !== undefined ? client.readEvent(body, signature) : null;
    if (!event) throw new InvalidSignatureError();
    await this.storeEvent(event);
  }

  /** @returns whether the event was new */
  async storeEvent(event: StripeEvent): Promise<boolean> {
    if (!(await this.events.store(event))) return false;
    if (event.apiVersion !== STRIPE_API_VERSION) {
      // Processing reads only ids from the event, which are the same in all versions, and asks Stripe for the rest.
      this.logger.warn(
        `event ${event.id} is of API version ${event.apiVersion ?? 'none'}: the endpoint should be set to ${STRIPE_API_VERSION}`,
      );
    }
    void this.queue.add({ kind: 'event', event_id: event.id });
    return true;
  }

  /** At most `count` events; the event that was received last comes first. */
  listEvents(options: EventListOptions): Promise<ListedEvent[]> {
    return this.events.list(options);
  }

  /** Has a worker process an event again, as if it had just been received. @throws NotFoundError */
  async replayEvent(id: string): Promise<ListedEvent> {
    const event = await this.events.reopen(id);
    if (!event) throw new NotFoundError();
    await this.queue.add({ kind: 'event', event_id: id });
    return event;
  }
}
