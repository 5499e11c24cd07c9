import type Stripe from 'stripe';

/** What became of the payment of a subscription's newest invoice. */
export interface SubscriptionPayment {
  readonly paymentIntentId: string;
  /** `pending`: the payer or a bank has yet to decide. `refunded`: in full. */
  readonly state: 'paid' | 'pending' | 'failed' | 'refunded' | 'dispute_lost';
  /** Of the invoice that began the subscription. */
  readonly isFirst: boolean;
}

/** A subscription as Stripe has it, in times of our clock. */
export interface StripeSubscription {
  readonly stripeSubscriptionId: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly currentPeriodStart: Date;
  readonly currentPeriodEnd: Date;
  readonly endsAt: Date | null;
  readonly unpaidSince: Date | null;
  /** Why we had it ended, as it was given to `cancelNow`; null for one that ended otherwise, or goes on. */
  readonly endedFor: string | null;
  /** Null where nothing was to be paid yet, and for one that is over. */
  readonly payment: SubscriptionPayment | null;
}

const REASON_PREFIX = 'Ended by the backend: ';

/** Stripe keeps it with the subscription, where whoever looks next finds it, and people too. */
export const commentOf = (reason: string): string => REASON_PREFIX + reason;

const reasonIn = (comment: string): string | null => (comment.startsWith(REASON_PREFIX) ? comment.slice(REASON_PREFIX.length) : null);

export interface StripeCheckout {
  readonly id: string;
  readonly stripeCustomerId: string | null;
  readonly status: 'open' | 'complete' | 'expired';
  /** Of its page, while it is open. */
  readonly url: string | null;
}

export interface StripeInvoice {
  readonly id: string;
  readonly number: string | null;
  readonly status: string;
  /** In the currency's smallest unit, as are all amounts. */
  readonly amountDue: number;
  readonly amountPaid: number;
  /** ISO 4217, in lower case. */
  readonly currency: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly createdAt: Date;
  readonly hostedUrl: string | null;
  readonly pdfUrl: string | null;
}

/** An event: what it is about, and what it says, which is kept for people and never acted on. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean;
  readonly objectId: string | null;
  readonly stripeCustomerId: string | null;
  /** By Stripe's clock. */
  readonly occurredAt: Date;
  /** JSON, as Stripe wrote it. */
  readonly payload: string;
}

/** What all events have, whatever they are about. */
interface EventHead {
  readonly id: string;
  readonly type: string;
  readonly api_version: string | null;
  readonly livemode: boolean;
  readonly created: number;
  readonly data: { readonly object: object; readonly previous_attributes?: object | null | undefined };
}

/** Makes a moment of our clock of Unix seconds of Stripe's. */
export type Moment = (seconds: number) => Date;

/** Since `items.data[i]` holds the periods, the subscription's own is the one that ends first: what is paid for reaches no further. */
export function toSubscription(
  subscription: Stripe.Subscription,
  at: Moment,
  unpaidSince: number | null,
  payment: SubscriptionPayment | null,
): StripeSubscription {
  const items = subscription.items.data;
  const start = Math.min(...items.map((item) => item.current_period_start));
  const end = Math.min(...items.map((item) => item.current_period_end));
  const created = subscription.created;
  const currentPeriodEnd = Number.isFinite(end) ? end : created;
  // The portal sets cancel_at and leaves cancel_at_period_end false.
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
  // The invoice's own period is that of its pending items; what is paid for is on the line.
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

/** @param payload the whole of it, in JSON */
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
    // What was just taken from a customer says only whose it was.
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
