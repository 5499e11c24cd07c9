import type Stripe from 'stripe';
import { PAGE, type StripeConnection } from './stripe.connection.js';
import { type StripeEvent, toEvent } from './stripe-objects.js';
import { verifyEvent } from './webhook-signature.js';

export class EventsClient {
  /** @param webhookSecrets accepted secrets, the newest first */
  constructor(
    private readonly stripe: StripeConnection,
    private readonly webhookSecrets: readonly string[],
  ) {}

  /** The event in the body of a webhook; `thin` for a thin event; null unless its signature is valid. */
  read(body: Buffer, signature: string): StripeEvent | 'thin' | null {
    const event = verifyEvent(body, signature, this.webhookSecrets);
    return event === null || event === 'thin' ? event : toEvent(event, body.toString());
  }

  /**
   * The newest event comes first.
   *
   * @param since a time of Stripe's clock; null for all events that Stripe keeps
   * @param limit older events are left out
   */
  list(types: readonly string[], since: Date | null, limit: number): Promise<StripeEvent[]> {
    const parameters: Stripe.EventListParams = {
      types: [...types],
      limit: PAGE,
      ...(since === null ? {} : { created: { gte: Math.floor(since.getTime() / 1_000) } }),
    };
    return this.stripe.request(async () =>
      (await this.stripe.sdk.events.list(parameters).autoPagingToArray({ limit })).map((event) => toEvent(event, JSON.stringify(event))),
    );
  }
}
