import { Injectable, Logger } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { STRIPE_API_VERSION, StripeAccount, type StripeEvent } from '../../integrations/stripe/index.js';
import { BillingQueue } from './billing.queue.js';
import { InvalidSignatureError } from './billing.errors.js';
import { type EventListOptions, type ListedEvent, StripeEventsRepository } from './stripe-events.repository.js';

/** The ledger of Stripe's events. To store one is all that a webhook does; a worker acts on it. */
@Injectable()
export class StripeEventsService {
  private readonly logger = new Logger(StripeEventsService.name);

  constructor(
    private readonly events: StripeEventsRepository,
    private readonly queue: BillingQueue,
    private readonly stripe: StripeAccount,
  ) {}

  /**
   * Takes a webhook. Once this resolves the event is kept; a repeat changes nothing.
   *
   * @param body the very bytes that came
   * @throws InvalidSignatureError; pg's errors, on which Stripe sends it again
   */
  async receive(body: Buffer | undefined, signature: string | undefined): Promise<void> {
    const { client } = this.stripe;
    const event = body && signature !== undefined ? client.readEvent(body, signature) : null;
    if (!event) throw new InvalidSignatureError();
    await this.keep(event);
  }

  /** @returns whether it was new */
  async keep(event: StripeEvent): Promise<boolean> {
    if (!(await this.events.store(event))) return false;
    if (event.apiVersion !== STRIPE_API_VERSION) {
      // Only ids are acted on, which are the same in all versions; the rest is asked for in ours.
      this.logger.warn(
        `event ${event.id} is of API version ${event.apiVersion ?? 'none'}: the endpoint should be set to ${STRIPE_API_VERSION}`,
      );
    }
    void this.queue.add({ kind: 'event', event_id: event.id });
    return true;
  }

  /** At most `count` events, the newest received first. */
  listEvents(options: EventListOptions): Promise<ListedEvent[]> {
    return this.events.list(options);
  }

  /** Has a worker act on an event again, as if it had just come. @throws NotFoundError */
  async replayEvent(id: string): Promise<ListedEvent> {
    const event = await this.events.reopen(id);
    if (!event) throw new NotFoundError();
    await this.queue.add({ kind: 'event', event_id: id });
    return event;
  }
}
