import { Injectable, Logger } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { Metrics } from '../../common/metrics/metrics.js';
import { STRIPE_API_VERSION, StripeAccount, type StripeEvent } from '../../integrations/stripe/index.js';
import { BillingQueue } from './billing.queue.js';
import { InvalidSignatureError } from './billing.errors.js';
import { type EventListOptions, type ListedEvent, StripeEventsRepository } from './stripe-events.repository.js';

/** The ledger of Stripe's events. A webhook only stores its event; a worker processes it. */
@Injectable()
export class StripeEventsService {
  private readonly webhooks;
  private readonly delay;
  private readonly logger = new Logger(StripeEventsService.name);

  constructor(
    private readonly events: StripeEventsRepository,
    private readonly queue: BillingQueue,
    private readonly stripe: StripeAccount,
    metrics: Metrics,
  ) {
    this.webhooks = metrics.counter('stripe_webhooks_total', "Requests of Stripe's webhook, by what became of them.", ['outcome']);
    // Prometheus sees the first increase of a counter only where the counter was 0 before.
    for (const outcome of ['stored', 'repeated', 'thin', 'refused']) this.webhooks.inc({ outcome }, 0);
    this.delay = metrics.histogram(
      'stripe_webhook_delay_seconds',
      "Time from Stripe's creation of an event to its first webhook here.",
      [],
    );
    metrics.observeService(
      {
        service_stripe_events_waiting: { help: 'Stored events of Stripe that are not processed yet.' },
        service_stripe_events_failing: { help: 'Waiting events of Stripe whose last attempt failed.' },
        service_stripe_oldest_event_age_seconds: { help: 'Time that the oldest waiting event of Stripe has waited; 0 without one.' },
      },
      async () => {
        const { waiting, failing, oldest_seconds: oldest } = await this.events.countWaiting();
        return {
          service_stripe_events_waiting: waiting,
          service_stripe_events_failing: failing,
          service_stripe_oldest_event_age_seconds: oldest,
        };
      },
    );
  }

  /**
   * Stores the event of a webhook. A repeat changes nothing, and neither does a thin event.
   *
   * @param webhook.body the bytes as they were received
   * @throws InvalidSignatureError; pg's errors, after which Stripe sends the event again
   */
  async receiveWebhook({ body, signature }: { body: Buffer | undefined; signature: string | undefined }): Promise<void> {
    const { client } = this.stripe;
    const event = body && signature !== undefined ? client.events.read(body, signature) : null;
    if (!event) {
      this.webhooks.inc({ outcome: 'refused' });
      throw new InvalidSignatureError();
    }
    // Stripe would repeat a thin event for three days after another answer, and disable the endpoint in the end.
    if (event === 'thin') this.webhooks.inc({ outcome: 'thin' });
    else if (await this.storeEvent(event)) {
      this.webhooks.inc({ outcome: 'stored' });
      this.delay.observe(Math.max(0, Date.now() - event.occurredAt.getTime()) / 1_000);
    } else this.webhooks.inc({ outcome: 'repeated' });
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
