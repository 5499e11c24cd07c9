import { createHash } from 'node:crypto';
import Stripe from 'stripe';
import { asOurs, isRefusal, StripeRefusalError } from './stripe.errors.js';
import {
  commentOf,
  idOf,
  type StripeCheckout,
  type StripeEvent,
  type StripeInvoice,
  type StripeSubscription,
  type SubscriptionPayment,
  toCheckout,
  toEvent,
  toInvoice,
  type ToOurTime,
  toSubscription,
} from './stripe-objects.js';
import { verifyEvent } from './webhook-signature.js';

/**
 * The version of Stripe's API that this code was written for. Every call asks for it, whatever the account's default
 * is.
 */
export const STRIPE_API_VERSION = '2026-10-28.endive';

export interface StripeClientOptions {
  readonly apiKey: string;
  readonly pricePro: string;
  /** Accepted secrets, the newest first. */
  readonly webhookSecrets: readonly string[];
  readonly timeoutMs: number;
  readonly baseUrl?: string;
}

/** A page that Stripe hosts for one visit. */
interface CheckoutRequest {
  /** Our id. The same request under the same id creates the same session. */
  readonly checkoutId: string;
  readonly userId: string;
  readonly stripeCustomerId: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** The average number of months in an interval. */
const MONTHS: Readonly<Record<string, number>> = { day: 12 / 365, week: 12 / 52, month: 1, year: 12 };

const PAGE = 100;
/**
 * A larger difference between Stripe's clock and ours is that of a test clock or a simulator, and not of a slow
 * response.
 */
const MAX_CLOCK_DIFFERENCE_MS = 300_000;
const ENDED = new Set(['canceled', 'incomplete_expired']);

/**
 * Calls Stripe. Every method throws BillingUnavailableError when Stripe cannot be reached, and StripeRefusalError when
 * it refuses the request. Each call that creates something has an idempotency key of its own, so that the SDK's retries
 * and ours have one effect.
 */
export class StripeClient {
  private readonly sdk: Stripe;

  constructor(private readonly options: StripeClientOptions) {
    this.sdk = new Stripe(options.apiKey, {
      apiVersion: STRIPE_API_VERSION,
      timeout: options.timeoutMs,
      maxNetworkRetries: 2,
      telemetry: false,
      ...(options.baseUrl === undefined ? {} : addressOf(options.baseUrl)),
    });
  }

  /** True for a key of live mode, false for one of test mode. */
  get isLive(): boolean {
    return /^[rs]k_live_/.test(this.options.apiKey);
  }

  /** The event in the body of a webhook; null unless its signature is valid. */
  readEvent(body: Buffer, signature: string): StripeEvent | null {
    const event = verifyEvent(body, signature, this.options.webhookSecrets);
    return event && toEvent(event, body.toString());
  }

  /**
   * @param replaced the customer that was deleted at Stripe; null for the first one of the user
   * @returns the id of the customer, the same for the same request
   */
  createCustomer(user: { userId: string; username: string; email: string | null }, replaced: string | null): Promise<string> {
    const parameters: Stripe.CustomerCreateParams = {
      name: user.username,
      metadata: { user_id: user.userId },
      ...(user.email === null ? {} : { email: user.email }),
    };
    const key = createHash('sha256')
      .update(JSON.stringify([parameters, replaced]))
      .digest('hex');
    return this.request(async () => (await this.sdk.customers.create(parameters, { idempotencyKey: `customer-${key}` })).id);
  }

  /** The monthly price of one subscription, in the currency's smallest unit; null for a price without an amount. */
  getMonthlyPrice(): Promise<{ amount: number; currency: string } | null> {
    return this.request(async () => {
      const { unit_amount: amount, currency, recurring } = await this.sdk.prices.retrieve(this.options.pricePro);
      const months = recurring && MONTHS[recurring.interval];
      if (amount === null || !recurring || months === undefined || months === null) return null;
      return { amount: amount / (months * recurring.interval_count), currency };
    });
  }

  createCheckout({ checkoutId, userId, stripeCustomerId, successUrl, cancelUrl }: CheckoutRequest): Promise<StripeCheckout> {
    const metadata = { user_id: userId };
    const parameters: Stripe.Checkout.SessionCreateParams = {
      mode: 'subscription',
      customer: stripeCustomerId,
      client_reference_id: userId,
      line_items: [{ price: this.options.pricePro, quantity: 1 }],
      success_url: successUrl,
      cancel_url: cancelUrl,
      metadata,
      subscription_data: { metadata },
    };
    return this.request(async () =>
      toCheckout(await this.sdk.checkout.sessions.create(parameters, { idempotencyKey: `checkout-${checkoutId}` })),
    );
  }

  /** @returns null for a session that Stripe does not know */
  findCheckout(id: string): Promise<StripeCheckout | null> {
    return this.requestOrNull(async () => toCheckout(await this.sdk.checkout.sessions.retrieve(id)));
  }

  /** Closes the page of a session. A paid or expired one stays as it is. */
  async expireCheckout(id: string): Promise<void> {
    await this.request(() => this.sdk.checkout.sessions.expire(id)).catch((error: unknown) => {
      if (!(error instanceof StripeRefusalError)) throw error;
    });
  }

  /** @returns the address of the page for cards, invoices and the subscription, which is valid for a few minutes */
  openPortal(stripeCustomerId: string, returnUrl: string): Promise<string> {
    return this.request(
      async () => (await this.sdk.billingPortal.sessions.create({ customer: stripeCustomerId, return_url: returnUrl })).url,
    );
  }

  /** @throws StripeRefusalError for a subscription that has ended */
  async cancelAtPeriodEnd(subscriptionId: string): Promise<void> {
    await this.request(() => this.sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: true }));
  }

  /** Undoes a cancellation, wherever it was made. @throws StripeRefusalError for a subscription that has ended */
  async resume(subscriptionId: string): Promise<void> {
    await this.request(async () => {
      const { cancel_at_period_end: atPeriodEnd, cancel_at: at } = await this.sdk.subscriptions.retrieve(subscriptionId);
      if (atPeriodEnd) await this.sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: false });
      else if (at !== null) await this.sdk.subscriptions.update(subscriptionId, { cancel_at: '' });
    });
  }

  /** Ends a subscription at once; one that has ended stays as it is. @param reason is stored with the subscription */
  async cancelNow(subscriptionId: string, reason: string): Promise<void> {
    await this.requestOrNull(() => this.sdk.subscriptions.cancel(subscriptionId, { cancellation_details: { comment: commentOf(reason) } }));
  }

  /** Refunds a payment in full, once. */
  async refund(paymentIntentId: string): Promise<void> {
    await this.request(async () => {
      await this.sdk.refunds.create(
        { payment_intent: paymentIntentId, reason: 'duplicate' },
        { idempotencyKey: `refund-${paymentIntentId}` },
      );
    }).catch((error: unknown) => {
      if (!isRefusal(error, 'charge_already_refunded')) throw error;
    });
  }

  /** All subscriptions of a customer, also those that have ended; none for a customer that Stripe does not know. */
  async listSubscriptions(stripeCustomerId: string): Promise<StripeSubscription[]> {
    const found = await this.requestOrNull(async () => {
      const list = await this.sdk.subscriptions.list({
        customer: stripeCustomerId,
        status: 'all',
        limit: PAGE,
        expand: ['data.latest_invoice.payments'],
      });
      const at = clockOf(list.lastResponse.headers['date']);
      const rest = list.has_more ? await this.listRemaining(stripeCustomerId, list.data.at(-1)?.id) : [];
      return await Promise.all([...list.data, ...rest].map((subscription) => this.complete(subscription, at)));
    });
    return found ?? [];
  }

  /**
   * The newest invoice comes first.
   *
   * @param after the invoice before the first one
   * @throws StripeRefusalError `resource_missing` when `after` is unknown
   */
  listInvoices(stripeCustomerId: string, limit: number, after: string | null): Promise<StripeInvoice[]> {
    const parameters = { customer: stripeCustomerId, limit: Math.min(limit, PAGE), ...(after === null ? {} : { starting_after: after }) };
    return this.request(async () => (await this.sdk.invoices.list(parameters).autoPagingToArray({ limit })).map(toInvoice));
  }

  /**
   * The newest event comes first.
   *
   * @param since a time of Stripe's clock; null for all events that Stripe keeps
   * @param limit older events are left out
   */
  listEvents(types: readonly string[], since: Date | null, limit: number): Promise<StripeEvent[]> {
    const parameters: Stripe.EventListParams = {
      types: [...types],
      limit: PAGE,
      ...(since === null ? {} : { created: { gte: Math.floor(since.getTime() / 1_000) } }),
    };
    return this.request(async () =>
      (await this.sdk.events.list(parameters).autoPagingToArray({ limit })).map((event) => toEvent(event, JSON.stringify(event))),
    );
  }

  /** The customer of a charge; null for a charge without one, or one that Stripe does not know. */
  findCustomerOfCharge(chargeId: string): Promise<string | null> {
    return this.requestOrNull(async () => idOf((await this.sdk.charges.retrieve(chargeId)).customer));
  }

  /**
   * Closes a customer's open payment pages, and deletes the customer, which ends its subscriptions and deletes its
   * personal data. A repeat changes nothing.
   */
  async deleteCustomer(stripeCustomerId: string): Promise<void> {
    await this.requestOrNull(async () => {
      const open = await this.sdk.checkout.sessions.list({ customer: stripeCustomerId, status: 'open', limit: PAGE });
      for (const { id } of open.data) await this.expireCheckout(id);
      await this.sdk.customers.del(stripeCustomerId);
      return true;
    });
  }

  private async listRemaining(customer: string, after: string | undefined): Promise<Stripe.Subscription[]> {
    const parameters = { customer, status: 'all', limit: PAGE, expand: ['data.latest_invoice.payments'] } as const;
    const list = this.sdk.subscriptions.list({
      ...parameters,
      expand: [...parameters.expand],
      ...(after ? { starting_after: after } : {}),
    });
    return list.autoPagingToArray({ limit: 10_000 });
  }

  /** Adds what the list does not have: the payment, and since when an invoice is unpaid. */
  private async complete(subscription: Stripe.Subscription, at: ToOurTime): Promise<StripeSubscription> {
    if (ENDED.has(subscription.status)) return toSubscription(subscription, at, null, null);
    const unpaidSince = subscription.status === 'past_due' ? await this.findUnpaidSince(subscription.id) : null;
    return toSubscription(subscription, at, unpaidSince, await this.findPayment(subscription.latest_invoice));
  }

  private async findUnpaidSince(subscription: string): Promise<number | null> {
    const { data } = await this.sdk.invoices.list({ subscription, limit: PAGE });
    const unpaid = data.filter(({ status }) => status === 'open' || status === 'uncollectible');
    return unpaid.at(-1)?.created ?? null;
  }

  private async findPayment(invoice: Stripe.Subscription['latest_invoice']): Promise<SubscriptionPayment | null> {
    if (invoice === null || typeof invoice === 'string' || (invoice.status !== 'paid' && invoice.status !== 'open')) return null;
    const payments = invoice.payments?.data ?? [];
    const paymentIntentId = idOf((payments.find(({ status }) => status === 'paid') ?? payments.at(-1))?.payment.payment_intent);
    if (paymentIntentId === null) return null;
    const intent = await this.sdk.paymentIntents.retrieve(paymentIntentId, { expand: ['latest_charge'] });
    return { paymentIntentId, state: await this.stateOf(intent), isFirst: invoice.billing_reason === 'subscription_create' };
  }

  private async stateOf({ status, latest_charge: charge }: Stripe.PaymentIntent): Promise<SubscriptionPayment['state']> {
    if (status === 'requires_payment_method' || status === 'canceled') return 'failed';
    if (status !== 'succeeded') return 'pending';
    if (charge === null || typeof charge === 'string') return 'paid';
    if (charge.refunded) return 'refunded';
    if (!charge.disputed) return 'paid';
    const { data } = await this.sdk.disputes.list({ charge: charge.id, limit: 10 });
    return data.some((dispute) => dispute.status === 'lost') ? 'dispute_lost' : 'paid';
  }

  private async request<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw asOurs(error);
    }
  }

  private async requestOrNull<T>(call: () => Promise<T | null>): Promise<T | null> {
    try {
      return await this.request(call);
    } catch (error) {
      if (isRefusal(error, 'resource_missing')) return null;
      throw error;
    }
  }
}

function addressOf(baseUrl: string): Stripe.StripeConfig {
  const { hostname, port, protocol } = new URL(baseUrl);
  const isPlain = protocol === 'http:';
  return { host: hostname, port: port === '' ? (isPlain ? 80 : 443) : Number(port), protocol: isPlain ? 'http' : 'https' };
}

/**
 * Converts times between clocks. If Stripe's clock differs (a test clock, a simulator whose time was moved), a time
 * keeps its distance from now: one hour from Stripe's now is one hour from ours.
 *
 * @param date the `Date` header of a response, which is Stripe's now
 */
function clockOf(date: string | undefined): ToOurTime {
  const ahead = date === undefined ? NaN : Date.parse(date) - Date.now();
  const shift = Math.abs(ahead) > MAX_CLOCK_DIFFERENCE_MS ? ahead : 0;
  return (seconds) => new Date(seconds * 1_000 - shift);
}
