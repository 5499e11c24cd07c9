/** Stripe's statuses of a subscription. A status that is not listed entitles to nothing. */
export const SUBSCRIPTION_STATUSES = [
  'trialing',
  'active',
  'past_due',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'unpaid',
  'paused',
] as const;

/** The price of a subscription, as it is stored. Amounts are in the currency's smallest unit. */
export interface PaidPrice {
  /** The id at Stripe. */
  readonly id: string;
  /** The key by which it is sold; null for a price that is not sold any more. */
  readonly key: string | null;
  /** The amount of one period, without discounts and taxes. */
  readonly amount: number;
  /** What is left of it by the discounts that go on; absent in rows of a release that did not store it. */
  readonly discounted_amount?: number;
  readonly currency: string;
  readonly interval: string;
  readonly interval_count: number;
}

/** An invoice that the payer has to do something about, as it is stored. */
export interface OpenInvoice {
  /** The page on which it can be paid. */
  readonly url: string;
  /** What is left to pay. */
  readonly amount: number;
  readonly currency: string;
  readonly reason: 'payment_failed' | 'action_required';
}

/** The facts about a subscription at Stripe: those that an entitlement depends on, and those that a payer is shown. */
export interface SubscriptionFacts {
  readonly stripeSubscriptionId: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly currentPeriodStart: Date;
  readonly currentPeriodEnd: Date;
  /** The time when a cancellation takes effect, wherever it was made; null while the subscription renews. */
  readonly endsAt: Date | null;
  /** The due time of the oldest unpaid invoice; null without one. */
  readonly unpaidSince: Date | null;
  /** The reason for which we ended it at Stripe; null for a subscription that ended otherwise or has not ended. */
  readonly endedFor: string | null;
  /** The end of the trial, also of one that is over; null without one. */
  readonly trialEnd: Date | null;
  readonly price: PaidPrice | null;
  readonly openInvoice: OpenInvoice | null;
}

/**
 * The shortest time for which the last answer holds past the end of a period: Stripe begins the next one at its end,
 * and reports it moments later.
 */
const RENEWAL_LEEWAY_MS = 10 * 60_000;

/**
 * The time until which a subscription entitles to Pro, unless Stripe reports a change; null if it does not. Stripe is
 * asked at the end of each period. While it cannot be asked, its last answer holds for the grace: nobody loses the plan
 * because Stripe is away.
 *
 * @param graceMs the time that a payment may be late
 */
export function entitledUntil(facts: SubscriptionFacts, graceMs: number): Date | null {
  switch (facts.status) {
    case 'active':
    case 'trialing':
      // A cancelled subscription ends to the second, asked or not.
      return earliest(new Date(facts.currentPeriodEnd.getTime() + Math.max(graceMs, RENEWAL_LEEWAY_MS)), facts.endsAt);
    case 'past_due':
      // The grace begins when the payment was due, not when we learnt of it, and does not begin again with a further
      // period that is unpaid too.
      return earliest(new Date((facts.unpaidSince ?? facts.currentPeriodStart).getTime() + graceMs), facts.endsAt);
    default:
      return null;
  }
}

/**
 * The status to show of a subscription whose stored status is older than its entitlement: one that Stripe could not be
 * asked about since its end is over, and one that it could not be asked about since its renewal is taken for unpaid.
 */
export function shownStatus(status: string, { isEntitled, endsAt }: { isEntitled: boolean; endsAt: Date | null }): string {
  if (isEntitled || (status !== 'active' && status !== 'trialing')) return status;
  return endsAt === null ? 'past_due' : 'canceled';
}

/** The final statuses. With any other one, known or not, Stripe may still charge for the subscription. */
export const ENDED_STATUSES = ['canceled', 'incomplete_expired'] as const;

export const hasEnded = (status: string): boolean => ENDED_STATUSES.some((ended) => ended === status);

const earliest = (one: Date, other: Date | null): Date => (other !== null && other < one ? other : one);
