import type Stripe from 'stripe';
import { type CustomerPayments, paymentOf, type PaymentsClient } from './payments.client.js';
import type { PricesClient } from './prices.client.js';
import { asOurs, BillingUnavailableError, isRefusal } from './stripe.errors.js';
import { clockOf, PAGE, type StripeConnection } from './stripe.connection.js';
import {
  commentOf,
  type CustomerSubscriptions,
  idOf,
  isSubscribedTo,
  itemOf,
  reasonOfEnd,
  type RunningTrial,
  type StripeSubscription,
  type SubscriptionPrice,
  type ToOurTime,
  toSubscription,
  TRIAL_MARK,
} from './stripe-objects.js';

const ENDED = new Set(['canceled', 'incomplete_expired']);

export class SubscriptionsClient {
  constructor(
    private readonly stripe: StripeConnection,
    private readonly prices: PricesClient,
    private readonly payments: PaymentsClient,
  ) {}

  /** @throws UnknownCustomerError for a customer that Stripe does not know; one that was deleted has a list */
  async list(stripeCustomerId: string): Promise<CustomerSubscriptions> {
    const { ids: products, areAll } = await this.prices.findProProducts();
    return this.stripe.request(async () => {
      const list = await this.stripe.sdk.subscriptions.list({
        customer: stripeCustomerId,
        status: 'all',
        limit: PAGE,
        expand: ['data.latest_invoice.payments'],
      });
      const at = clockOf(list.lastResponse.headers['date']);
      const rest = list.has_more ? await this.listRemaining(stripeCustomerId, list.data.at(-1)?.id) : [];
      const all = [...list.data, ...rest];
      const pro = all.filter((subscription) => isSubscribedTo(subscription, products));
      const live = pro.filter(({ status }) => !ENDED.has(status));
      const hasPayments = live.length > 0 || pro.some((subscription) => reasonOfEnd(subscription) !== null);
      const payments = hasPayments ? await this.readPayments(stripeCustomerId, live) : null;
      return {
        pro: await Promise.all(pro.map((subscription) => this.complete(subscription, products, at, payments))),
        // One whose product is that of a price that Stripe did not name may be Pro's.
        others: new Set(areAll ? all.filter((subscription) => !pro.includes(subscription)).map(({ id }) => id) : []),
        arePaymentsKnown: !hasPayments || payments !== null,
      };
    });
  }

  /**
   * Ends a subscription with its period, or at once if nothing is paid for: before the first payment, and while it is
   * paused. A schedule would go on with its next phase, so it is released first. One that ends already stays as it is.
   *
   * @throws StripeRefusalError for a subscription that has ended
   */
  async cancel(subscriptionId: string): Promise<void> {
    await this.stripe.request(async () => {
      const found = await this.stripe.sdk.subscriptions.retrieve(subscriptionId);
      const { status, schedule, cancel_at_period_end: atPeriodEnd, cancel_at: at } = found;
      if (status === 'incomplete' || status === 'paused') return this.stripe.sdk.subscriptions.cancel(subscriptionId);
      if (atPeriodEnd || at !== null) return found;
      const scheduleId = idOf(schedule);
      if (scheduleId !== null) await this.stripe.sdk.subscriptionSchedules.release(scheduleId);
      return this.stripe.sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: true });
    });
  }

  /**
   * Undoes a cancellation, wherever it was made, and ends a pause. A paused subscription goes on when its invoice is
   * paid.
   *
   * @throws StripeRefusalError for a subscription that has ended
   */
  async resume(subscriptionId: string): Promise<void> {
    await this.stripe.request(async () => {
      const { status, cancel_at_period_end: atPeriodEnd, cancel_at: at } = await this.stripe.sdk.subscriptions.retrieve(subscriptionId);
      if (atPeriodEnd) await this.stripe.sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: false });
      else if (at !== null) await this.stripe.sdk.subscriptions.update(subscriptionId, { cancel_at: '' });
      if (status === 'paused') await this.stripe.sdk.subscriptions.resume(subscriptionId);
    });
  }

  /**
   * Ends a subscription at once; one that has ended stays as it is. Its open invoices are voided before, because Stripe
   * would go on to accept payments for them.
   *
   * @param reason is stored with the subscription
   * @throws StripeRefusalError when such an invoice was paid meanwhile
   */
  async cancelNow(subscriptionId: string, reason: string): Promise<void> {
    const open = await this.stripe.request(
      async () => (await this.stripe.sdk.invoices.list({ subscription: subscriptionId, status: 'open', limit: PAGE })).data,
    );
    for (const { id } of open) await this.stripe.request(() => this.stripe.sdk.invoices.voidInvoice(id));
    await this.stripe.requestOrNull(() =>
      this.stripe.sdk.subscriptions.cancel(subscriptionId, { cancellation_details: { comment: commentOf(reason) } }),
    );
  }

  /**
   * Null where the payments cannot be read, and the status still holds.
   *
   * @throws Stripe's error for a key that may not read them, which the operator has to correct
   */
  private async readPayments(stripeCustomerId: string, live: readonly Stripe.Subscription[]): Promise<CustomerPayments | null> {
    try {
      return await this.payments.read(stripeCustomerId, live);
    } catch (error) {
      const ours = asOurs(error);
      if (ours instanceof BillingUnavailableError || isRefusal(ours, 'resource_missing')) return null;
      throw error;
    }
  }

  private async listRemaining(customer: string, after: string | undefined): Promise<Stripe.Subscription[]> {
    const parameters = { customer, status: 'all', limit: PAGE, expand: ['data.latest_invoice.payments'] } as const;
    const list = this.stripe.sdk.subscriptions.list({
      ...parameters,
      expand: [...parameters.expand],
      ...(after ? { starting_after: after } : {}),
    });
    return list.autoPagingToArray({ limit: 10_000 });
  }

  /** Adds what the list does not have: the payment, and since when an invoice is unpaid. */
  private async complete(
    subscription: Stripe.Subscription,
    products: ReadonlySet<string>,
    at: ToOurTime,
    payments: CustomerPayments | null,
  ): Promise<StripeSubscription> {
    const { id, status, latest_invoice: invoice } = subscription;
    if (ENDED.has(status)) {
      return toSubscription(subscription, products, at, {
        unpaidSince: null,
        trial: null,
        price: null,
        openInvoice: null,
        payment: payments && reasonOfEnd(subscription) !== null ? paymentOf(invoice, payments.charges) : null,
        dispute: null,
      });
    }
    return toSubscription(subscription, products, at, {
      trial: await this.findTrial(subscription),
      price: await this.findPriceOf(subscription, products),
      openInvoice: payments?.openInvoices.get(id) ?? null,
      unpaidSince: status === 'past_due' ? await this.findUnpaidSince(id) : null,
      payment: payments && paymentOf(invoice, payments.charges),
      dispute: payments?.disputes.get(id) ?? null,
    });
  }

  /** One that was written off long ago does not count once a later one was paid. */
  private async findUnpaidSince(subscription: string): Promise<number | null> {
    const { data } = await this.stripe.sdk.invoices.list({ subscription, limit: PAGE });
    const judged = data.filter(({ status }) => status === 'paid' || status === 'open' || status === 'uncollectible');
    const lastPaid = judged.findIndex(({ status }) => status === 'paid');
    return (lastPaid === -1 ? judged : judged.slice(0, lastPaid)).at(-1)?.created ?? null;
  }

  private async findTrial({ status, metadata, default_payment_method: stored }: Stripe.Subscription): Promise<RunningTrial | null> {
    if (status !== 'trialing' || metadata[TRIAL_MARK] === undefined) return null;
    const id = idOf(stored);
    const method = id === null ? null : await this.stripe.sdk.paymentMethods.retrieve(id);
    return { cardFingerprint: (method?.card ?? method?.sepa_debit ?? method?.us_bank_account)?.fingerprint ?? null };
  }

  /** The price in the currency of the subscription, which may be another one than the price's own. */
  private async findPriceOf(subscription: Stripe.Subscription, products: ReadonlySet<string>): Promise<SubscriptionPrice | null> {
    const item = itemOf(subscription, products);
    const recurring = item?.price.recurring;
    if (!item || !recurring) return null;
    const { currency } = subscription;
    const { id, currency: own, unit_amount: amount } = item.price;
    const options = own === currency ? [] : ((await this.prices.find([id])).get(id)?.amounts ?? []);
    const each = own === currency ? amount : (options.find((option) => option.currency === currency)?.amount ?? null);
    if (each === null) return null;
    const { interval, interval_count } = recurring;
    const full = each * (item.quantity ?? 1);
    return { id, amount: full, discounted_amount: Math.round(full * paidShareOf(subscription)), currency, interval, interval_count };
  }
}

/**
 * The share of its price that is left by the discounts of a subscription, in the newest invoice. A coupon that applies
 * once is not a discount of the subscription any more when it has been used.
 */
function paidShareOf({ discounts, latest_invoice: invoice }: Stripe.Subscription): number {
  if (discounts.length === 0 || invoice === null || typeof invoice === 'string' || invoice.subtotal <= 0) return 1;
  const off = (invoice.total_discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0);
  return Math.max(0, 1 - off / invoice.subtotal);
}
