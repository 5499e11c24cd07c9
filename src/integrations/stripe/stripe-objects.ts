import type Stripe from 'stripe';

/** The account and the mode that a key belongs to. */
export interface StripeIdentity {
  /** Null when the key may not read its account, as a restricted key by default. */
  readonly accountId: string | null;
  readonly isLive: boolean;
}

/** The payment of a subscription's newest invoice. */
export interface SubscriptionPayment {
  readonly paymentIntentId: string;
  /**
   * `unconfirmed`: nothing was charged yet, because the payer has to act. `pending`: a bank decides. `failed`: the last
   * charge failed. `refunded`: in full.
   */
  readonly state: 'paid' | 'unconfirmed' | 'pending' | 'failed' | 'refunded';
  /** Whether the invoice is the first one of the subscription. */
  readonly isFirst: boolean;
}

/** A subscription as Stripe has it, with times of our clock. */
export interface StripeSubscription {
  readonly stripeSubscriptionId: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly currentPeriodStart: Date;
  readonly currentPeriodEnd: Date;
  readonly endsAt: Date | null;
  readonly unpaidSince: Date | null;
  /** The reason that was given to `cancelNow`; null for a subscription that ended otherwise or has not ended. */
  readonly endedFor: string | null;
  /** A trial that our payment page began and that is running; null for none. */
  readonly trial: RunningTrial | null;
  /** The end of a trial of any kind; null without one. */
  readonly trialEnd: Date | null;
  /** Null when the price has no fixed amount in the subscription's currency. */
  readonly price: SubscriptionPrice | null;
  readonly openInvoice: OpenInvoice | null;
  /**
   * Whether Stripe sends invoices for it instead of charging a payment method. Only people at Stripe create such ones.
   */
  readonly isInvoiced: boolean;
  /** Null before the first payment is due, and for a subscription that has ended otherwise than by `cancelNow`. */
  readonly payment: SubscriptionPayment | null;
  /** The worst dispute of any of its payments: one that is being decided, or was lost; null for none. */
  readonly dispute: DisputeState | null;
}

/** Marks the subscriptions whose trial our payment page began. People at Stripe may give further ones. */
export const TRIAL_MARK = 'trial_days';

export interface RunningTrial {
  /** The same for all payment methods of one card or bank account; null without one. */
  readonly cardFingerprint: string | null;
}

/** What a subscription costs; amounts are in the currency's smallest unit. */
export interface SubscriptionPrice {
  readonly id: string;
  /** The amount of all units. */
  readonly amount: number;
  /** What is left of `amount` by the discounts that go on, as the newest invoice has them. */
  readonly discounted_amount: number;
  readonly currency: string;
  readonly interval: string;
  readonly interval_count: number;
}

/** The newest invoice of a subscription, whose payment failed or waits for the payer. */
export interface OpenInvoice {
  readonly url: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: 'payment_failed' | 'action_required';
}

export type DisputeState = 'open' | 'lost';

/** All subscriptions of a customer, newest first, also those that have ended. */
export interface CustomerSubscriptions {
  /** Those to the product of a configured price. */
  readonly pro: readonly StripeSubscription[];
  /** The ids of those to other products, which concern nothing here. */
  readonly others: ReadonlySet<string>;
  /** False when Stripe did not say what became of the payments: `payment` and `dispute` are null then. */
  readonly arePaymentsKnown: boolean;
}

const REASON_PREFIX = 'Ended by the backend: ';

/** The comment that Stripe stores with the subscription, for the next sync run and for people. */
export const commentOf = (reason: string): string => REASON_PREFIX + reason;

/** The reason that was given to `cancelNow`; null for a subscription that ended otherwise or has not ended. */
export function reasonOfEnd({ cancellation_details: details }: Stripe.Subscription): string | null {
  const comment = details?.comment ?? '';
  return comment.startsWith(REASON_PREFIX) ? comment.slice(REASON_PREFIX.length) : null;
}

export const PRICE_INTERVALS = ['day', 'week', 'month', 'year'] as const;

/** A recurring price. */
export interface StripePrice {
  readonly id: string;
  readonly productId: string;
  /** Whether new subscriptions can have it. */
  readonly isActive: boolean;
  readonly interval: (typeof PRICE_INTERVALS)[number];
  readonly intervalCount: number;
  /** The amounts by currency, that of its own currency first; none for a price without fixed amounts. */
  readonly amounts: readonly Amount[];
}

/** An amount in the currency's smallest unit. The currency is the code of ISO 4217, in lower case. */
export interface Amount {
  readonly amount: number;
  readonly currency: string;
}

export interface StripeCheckout {
  readonly id: string;
  readonly stripeCustomerId: string | null;
  readonly status: 'open' | 'complete' | 'expired';
  /** The address of the page; null unless it is open. */
  readonly url: string | null;
}

export interface StripeInvoice {
  readonly id: string;
  readonly number: string | null;
  readonly status: string;
  /** The amount in the currency's smallest unit, as all amounts. */
  readonly amountDue: number;
  readonly amountPaid: number;
  /** The code of ISO 4217, in lower case. */
  readonly currency: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly createdAt: Date;
  /** The parts of the total: taxes, and what was taken off. */
  readonly tax: number;
  readonly discount: number;
  /** What was given back of it. */
  readonly refunded: number;
  readonly receiptUrl: string | null;
  readonly hostedUrl: string | null;
  readonly pdfUrl: string | null;
}

/** An event. Only its ids and type are acted on; the payload is stored for people. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean;
  readonly objectId: string | null;
  readonly stripeCustomerId: string | null;
  /** The time of Stripe's clock. */
  readonly occurredAt: Date;
  /** The JSON that Stripe wrote. */
  readonly payload: string;
}

/** The members that all events have. */
interface EventHead {
  readonly id: string;
  readonly type: string;
  readonly api_version: string | null;
  readonly livemode: boolean;
  readonly created: number;
  readonly data: { readonly object: object; readonly previous_attributes?: object | null | undefined };
}

/** Converts Unix seconds of Stripe's clock to a time of ours. */
export type ToOurTime = (seconds: number) => Date;

/**
 * The periods belong to the items, `items.data[i]`. The subscription's period is the one that ends first of those of
 * the products, because it is paid for no longer.
 */
export function toSubscription(
  subscription: Stripe.Subscription,
  products: ReadonlySet<string>,
  at: ToOurTime,
  {
    unpaidSince,
    ...found
  }: { unpaidSince: number | null } & Pick<StripeSubscription, 'trial' | 'price' | 'openInvoice' | 'payment' | 'dispute'>,
): StripeSubscription {
  const items = subscription.items.data.filter(({ price }) => isOfProduct(price, products));
  const start = Math.min(...items.map((item) => item.current_period_start));
  const end = Math.min(...items.map((item) => item.current_period_end));
  const created = subscription.created;
  const currentPeriodEnd = Number.isFinite(end) ? end : created;
  // A cancellation in the portal sets cancel_at and leaves cancel_at_period_end false.
  const endsAt = subscription.ended_at ?? subscription.cancel_at ?? (subscription.cancel_at_period_end ? currentPeriodEnd : null);
  return {
    stripeSubscriptionId: subscription.id,
    status: subscription.status,
    startedAt: at(created),
    currentPeriodStart: at(Number.isFinite(start) ? start : created),
    currentPeriodEnd: at(currentPeriodEnd),
    endsAt: endsAt === null ? null : at(endsAt),
    unpaidSince: unpaidSince === null ? null : at(unpaidSince),
    endedFor: reasonOfEnd(subscription),
    isInvoiced: subscription.collection_method === 'send_invoice',
    trialEnd: subscription.trial_end === null ? null : at(subscription.trial_end),
    ...found,
  };
}

/**
 * @param price with its `currency_options`
 * @returns null for a price that is not recurring
 */
export function toPrice(price: Stripe.Price): StripePrice | null {
  const { unit_amount: amount, recurring, currency } = price;
  const productId = idOf(price.product);
  const interval = PRICE_INTERVALS.find((known) => known === recurring?.interval);
  if (recurring === null || interval === undefined || productId === null) return null;
  const others = Object.entries(price.currency_options ?? {}).flatMap(([other, option]) =>
    other === currency || option.unit_amount === null ? [] : [{ amount: option.unit_amount, currency: other }],
  );
  return {
    id: price.id,
    productId,
    isActive: price.active,
    interval,
    intervalCount: recurring.interval_count,
    amounts: [...(amount === null ? [] : [{ amount, currency }]), ...others.sort((a, b) => (a.currency < b.currency ? -1 : 1))],
  };
}

/** The item of a subscription to one of the products. */
export const itemOf = ({ items }: Stripe.Subscription, products: ReadonlySet<string>): Stripe.SubscriptionItem | null =>
  items.data.find(({ price }) => isOfProduct(price, products)) ?? null;

/** Whether a subscription has an item of one of the products. */
export const isSubscribedTo = ({ items }: Stripe.Subscription, products: ReadonlySet<string>): boolean =>
  items.data.some(({ price }) => isOfProduct(price, products));

const isOfProduct = ({ product }: Stripe.Price, products: ReadonlySet<string>): boolean => products.has(idOf(product) ?? '');

/** Whether an invoice is for one of the products. One whose lines name no product is taken for one of ours. */
export function bills({ lines }: Stripe.Invoice, products: ReadonlySet<string>): boolean {
  const named = lines.data.flatMap(({ pricing }) => idOf(pricing?.price_details?.product) ?? []);
  return named.length === 0 || named.some((product) => products.has(product));
}

export const toCheckout = (session: Stripe.Checkout.Session): StripeCheckout => ({
  id: session.id,
  stripeCustomerId: idOf(session.customer),
  status: statusOf(session.status),
  url: session.url,
});

const statusOf = (status: string | null): StripeCheckout['status'] => (status === 'complete' || status === 'expired' ? status : 'open');

/** @param charge the newest charge for the invoice; null for none */
export const toInvoice = (invoice: Stripe.Invoice, charge: Stripe.Charge | null): StripeInvoice => {
  // The invoice's own period is that of its pending items; its line has the period that is paid for.
  const period = invoice.lines.data[0]?.period ?? { start: invoice.period_start, end: invoice.period_end };
  return {
    id: invoice.id,
    number: invoice.number,
    status: invoice.status ?? 'draft',
    amountDue: invoice.amount_due,
    amountPaid: invoice.amount_paid,
    currency: invoice.currency,
    periodStart: unixTime(period.start),
    periodEnd: unixTime(period.end),
    createdAt: unixTime(invoice.created),
    tax: sumOf(invoice.total_taxes),
    discount: sumOf(invoice.total_discount_amounts),
    refunded: charge?.amount_refunded ?? 0,
    receiptUrl: charge?.receipt_url ?? null,
    hostedUrl: invoice.hosted_invoice_url ?? null,
    pdfUrl: invoice.invoice_pdf ?? null,
  };
};

/** @param payload the JSON of the whole event */
export function toEvent(event: EventHead, payload: string): StripeEvent {
  const { object, previous_attributes: previous } = event.data;
  const field = (name: string): unknown => Reflect.get(object, name);
  const id = idOf(object);
  return {
    id: event.id,
    type: event.type,
    apiVersion: event.api_version,
    livemode: event.livemode,
    // A dispute names its customer only by its charge.
    objectId: field('object') === 'dispute' ? idOf(field('charge')) : id,
    // An object that was just detached from a customer names it only in `previous_attributes`.
    stripeCustomerId:
      field('object') === 'customer' ? id : (idOf(field('customer')) ?? idOf(previous && Reflect.get(previous, 'customer'))),
    occurredAt: unixTime(event.created),
    payload,
  };
}

/** The payment intent that paid an invoice, or is to pay it; null for none. */
export function intentOf(invoice: Stripe.Subscription['latest_invoice']): string | null {
  if (invoice === null || typeof invoice === 'string' || (invoice.status !== 'paid' && invoice.status !== 'open')) return null;
  const payments = invoice.payments?.data ?? [];
  return idOf((payments.find(({ status }) => status === 'paid') ?? payments.at(-1))?.payment.payment_intent);
}

/** The id behind a field that holds an id, the object itself, or neither. */
export function idOf(field: unknown): string | null {
  const id: unknown = typeof field === 'object' && field !== null ? Reflect.get(field, 'id') : field;
  return typeof id === 'string' && /^[\w-]{1,255}$/.test(id) ? id : null;
}

const sumOf = (parts: readonly { readonly amount: number }[] | null): number => (parts ?? []).reduce((sum, { amount }) => sum + amount, 0);

const unixTime = (seconds: number): Date => new Date(seconds * 1_000);
