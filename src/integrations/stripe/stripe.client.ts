import { createHash } from 'node:crypto';
import Stripe from 'stripe';
import { asOurs, isRefusal, StripeRefusalError } from './stripe.errors.js';
import {
  commentOf,
  idOf,
  type Moment,
  type StripeCheckout,
  type StripeEvent,
  type StripeInvoice,
  type StripeSubscription,
  type SubscriptionPayment,
  toCheckout,
  toEvent,
  toInvoice,
  toSubscription,
} from './stripe-objects.js';
import { verifyEvent } from './webhook-signature.js';

/** What this code was written for, and what every call asks for, whatever the account's own default. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

export interface StripeClientOptions {
  readonly apiKey: string;
  readonly pricePro: string;
  /** The newest first. */
  readonly webhookSecrets: readonly string[];
  readonly timeoutMs: number;
  readonly baseUrl?: string;
}

/** A page that Stripe hosts for one visit. */
interface CheckoutRequest {
  /** Of ours; the same request under the same id gives the same session. */
  readonly checkoutId: string;
  readonly userId: string;
  readonly stripeCustomerId: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** How many there are in an interval, as they are on average. */
const MONTHS: Readonly<Record<string, number>> = { day: 12 / 365, week: 12 / 52, month: 1, year: 12 };

const PAGE = 100;
/** Stripe's clock is ours, but for the seconds that an answer takes. Past this it is a simulated or a test clock that was moved. */
const SAME_CLOCK_MS = 300_000;
const ENDED = new Set(['canceled', 'incomplete_expired']);

/**
 * Stripe in our words. Every method throws BillingUnavailableError when Stripe cannot be asked, StripeRefusalError when it answers no; each call
 * that makes something carries an idempotency key of its own, so that the SDK's retries and ours have one effect.
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

  /** Whether the key moves real money; events of the other kind are not for us. */
  get isLive(): boolean {
    return /^[rs]k_live_/.test(this.options.apiKey);
  }

  /** The event in a webhook, null unless it is signed as Stripe signs. */
  readEvent(body: Buffer, signature: string): StripeEvent | null {
    const event = verifyEvent(body, signature, this.options.webhookSecrets);
    return event && toEvent(event, body.toString());
  }

  /** @param replaced the customer that Stripe does not know any more @returns the id of the user's customer, the same for the same request */
  createCustomer(user: { userId: string; username: string; email: string | null }, replaced: string | null): Promise<string> {
    const parameters: Stripe.CustomerCreateParams = {
      name: user.username,
      metadata: { user_id: user.userId },
      ...(user.email === null ? {} : { email: user.email }),
    };
    const key = createHash('sha256')
      .update(JSON.stringify([parameters, replaced]))
      .digest('hex');
    return this.ask(async () => (await this.sdk.customers.create(parameters, { idempotencyKey: `customer-${key}` })).id);
  }

  /** What one subscription brings in a month at today's price, in the currency's smallest unit; null for a price without an amount. */
  getMonthlyPrice(): Promise<{ amount: number; currency: string } | null> {
    return this.ask(async () => {
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
    return this.ask(async () =>
      toCheckout(await this.sdk.checkout.sessions.create(parameters, { idempotencyKey: `checkout-${checkoutId}` })),
    );
  }

  /** Null for a session that Stripe does not know. */
  findCheckout(id: string): Promise<StripeCheckout | null> {
    return this.askForOne(async () => toCheckout(await this.sdk.checkout.sessions.retrieve(id)));
  }

  /** Nobody can pay on its page any more; one that is paid or expired stays as it is. */
  async expireCheckout(id: string): Promise<void> {
    await this.ask(() => this.sdk.checkout.sessions.expire(id)).catch((error: unknown) => {
      if (!(error instanceof StripeRefusalError)) throw error;
    });
  }

  /** @returns the address of a page where the customer sees to cards, invoices and the subscription, for a few minutes */
  openPortal(stripeCustomerId: string, returnUrl: string): Promise<string> {
    return this.ask(async () => (await this.sdk.billingPortal.sessions.create({ customer: stripeCustomerId, return_url: returnUrl })).url);
  }

  /** @throws StripeRefusalError for one that is over */
  async cancelAtPeriodEnd(subscriptionId: string): Promise<void> {
    await this.ask(() => this.sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: true }));
  }

  /** Takes a cancellation back, whichever way it was made. @throws StripeRefusalError for one that is over */
  async resume(subscriptionId: string): Promise<void> {
    await this.ask(async () => {
      const { cancel_at_period_end: atPeriodEnd, cancel_at: at } = await this.sdk.subscriptions.retrieve(subscriptionId);
      if (atPeriodEnd) await this.sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: false });
      else if (at !== null) await this.sdk.subscriptions.update(subscriptionId, { cancel_at: '' });
    });
  }

  /** Ends it at once, for good; one that is over stays as it is. @param reason is kept with it */
  async cancelNow(subscriptionId: string, reason: string): Promise<void> {
    await this.askForOne(() => this.sdk.subscriptions.cancel(subscriptionId, { cancellation_details: { comment: commentOf(reason) } }));
  }

  /** Gives all of a payment back, once. */
  async refund(paymentIntentId: string): Promise<void> {
    await this.ask(async () => {
      await this.sdk.refunds.create(
        { payment_intent: paymentIntentId, reason: 'duplicate' },
        { idempotencyKey: `refund-${paymentIntentId}` },
      );
    }).catch((error: unknown) => {
      if (!isRefusal(error, 'charge_already_refunded')) throw error;
    });
  }

  /** Everything that Stripe has of a customer's subscriptions, those that are over too; none for a customer that it does not know. */
  async listSubscriptions(stripeCustomerId: string): Promise<StripeSubscription[]> {
    const found = await this.askForOne(async () => {
      const list = await this.sdk.subscriptions.list({
        customer: stripeCustomerId,
        status: 'all',
        limit: PAGE,
        expand: ['data.latest_invoice.payments'],
      });
      const at = momentOf(list.lastResponse.headers['date']);
      const rest = list.has_more ? await this.restOf(stripeCustomerId, list.data.at(-1)?.id) : [];
      return await Promise.all([...list.data, ...rest].map((subscription) => this.describe(subscription, at)));
    });
    return found ?? [];
  }

  /**
   * Newest first.
   *
   * @param after the invoice before the first one
   * @throws StripeRefusalError resource_missing when `after` is not known
   */
  listInvoices(stripeCustomerId: string, limit: number, after: string | null): Promise<StripeInvoice[]> {
    const parameters = { customer: stripeCustomerId, limit: Math.min(limit, PAGE), ...(after === null ? {} : { starting_after: after }) };
    return this.ask(async () => (await this.sdk.invoices.list(parameters).autoPagingToArray({ limit })).map(toInvoice));
  }

  /**
   * Newest first.
   *
   * @param since by Stripe's clock; null for as long as Stripe keeps events
   * @param limit the older ones are left out
   */
  listEvents(types: readonly string[], since: Date | null, limit: number): Promise<StripeEvent[]> {
    const parameters: Stripe.EventListParams = {
      types: [...types],
      limit: PAGE,
      ...(since === null ? {} : { created: { gte: Math.floor(since.getTime() / 1_000) } }),
    };
    return this.ask(async () =>
      (await this.sdk.events.list(parameters).autoPagingToArray({ limit })).map((event) => toEvent(event, JSON.stringify(event))),
    );
  }

  /** Whose payment a charge was; null for one that Stripe does not know, or nobody's. */
  findCustomerOfCharge(chargeId: string): Promise<string | null> {
    return this.askForOne(async () => idOf((await this.sdk.charges.retrieve(chargeId)).customer));
  }

  /** Ends all that a customer has, closes the pages that are open, and forgets who it was; one that is gone stays gone. */
  async deleteCustomer(stripeCustomerId: string): Promise<void> {
    await this.askForOne(async () => {
      const open = await this.sdk.checkout.sessions.list({ customer: stripeCustomerId, status: 'open', limit: PAGE });
      for (const { id } of open.data) await this.expireCheckout(id);
      await this.sdk.customers.del(stripeCustomerId);
      return true;
    });
  }

  private async restOf(customer: string, after: string | undefined): Promise<Stripe.Subscription[]> {
    const parameters = { customer, status: 'all', limit: PAGE, expand: ['data.latest_invoice.payments'] } as const;
    const list = this.sdk.subscriptions.list({
      ...parameters,
      expand: [...parameters.expand],
      ...(after ? { starting_after: after } : {}),
    });
    return list.autoPagingToArray({ limit: 10_000 });
  }

  private async describe(subscription: Stripe.Subscription, at: Moment): Promise<StripeSubscription> {
    if (ENDED.has(subscription.status)) return toSubscription(subscription, at, null, null);
    const unpaidSince = subscription.status === 'past_due' ? await this.findUnpaidSince(subscription.id) : null;
    return toSubscription(subscription, at, unpaidSince, await this.describePayment(subscription.latest_invoice));
  }

  private async findUnpaidSince(subscription: string): Promise<number | null> {
    const { data } = await this.sdk.invoices.list({ subscription, limit: PAGE });
    const unpaid = data.filter(({ status }) => status === 'open' || status === 'uncollectible');
    return unpaid.at(-1)?.created ?? null;
  }

  private async describePayment(invoice: Stripe.Subscription['latest_invoice']): Promise<SubscriptionPayment | null> {
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

  private async ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw asOurs(error);
    }
  }

  private async askForOne<T>(call: () => Promise<T | null>): Promise<T | null> {
    try {
      return await this.ask(call);
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
 * Where Stripe's clock is somewhere else (a test clock, a simulator whose time was moved), its moments are as far from now as they are for it:
 * what has an hour to go there has an hour to go here.
 *
 * @param date the header of an answer: Stripe's now
 */
function momentOf(date: string | undefined): Moment {
  const ahead = date === undefined ? NaN : Date.parse(date) - Date.now();
  const shift = Math.abs(ahead) > SAME_CLOCK_MS ? ahead : 0;
  return (seconds) => new Date(seconds * 1_000 - shift);
}
