import type Stripe from 'stripe';

/** The payment of a subscription's newest invoice. */
export interface SubscriptionPayment {
  readonly paymentIntentId: string;
  /** `pending`: the payer or a bank has to act. `refunded`: in full. */
  readonly state: 'paid' | 'pending' | 'failed' | 'refunded' | 'dispute_lost';
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
  /** Null before the first payment is due, and for a subscription that has ended. */
  readonly payment: SubscriptionPayment | null;
}

const REASON_PREFIX = 'Ended by the backend: ';

/** The comment that Stripe stores with the subscription, for the next sync run and for people. */
export const commentOf = (reason: string): string => REASON_PREFIX + reason;

const reasonIn = (comment: string): string | null => (comment.startsWith(REASON_PREFIX) ? comment.slice(REASON_PREFIX.length) : null);

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
 * The periods belong to the items, `items.data[i]`. The subscription's period is the one that ends first, because it is
 * paid for no longer.
 */
export function toSubscription(
  subscription: Stripe.Subscription,
  at: ToOurTime,
  unpaidSince: number | null,
  payment: SubscriptionPayment | null,
): StripeSubscription {
  const items = subscription.items.data;
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
    endedFor: reasonIn(subscription.cancellation_details?.comment ?? ''),
    payment,
  };
}

export const toCheckout = (session: Stripe.Checkout.Session): StripeCheckout => ({
  id: session.id,
  stripeCustomerId: idOf(session.customer),
  status: statusOf(session.status),
  url: session.url,
});

const statusOf = (status: string | null): StripeCheckout['status'] => (status === 'complete' || status === 'expired' ? status : 'open');

export const toInvoice = (invoice: Stripe.Invoice): StripeInvoice => {
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

/** The id behind a field that holds an id, the object itself, or neither. */
export function idOf(field: unknown): string | null {
  const id: unknown = typeof field === 'object' && field !== null ? Reflect.get(field, 'id') : field;
  return typeof id === 'string' && /^[\w-]{1,255}$/.test(id) ? id : null;
}

const unixTime = (seconds: number): Date => new Date(seconds * 1_000);
