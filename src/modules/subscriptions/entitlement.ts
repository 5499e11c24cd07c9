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

/** The facts about a subscription at Stripe that an entitlement depends on. */
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
}

/**
 * Stripe begins the next period at the end of this one and reports it moments later. A payer keeps the Pro plan in
 * between.
 */
const RENEWAL_LEEWAY_MS = 10 * 60_000;

/**
 * The time until which a subscription entitles to Pro, unless Stripe reports a change; null if it does not.
 *
 * @param graceMs the time that a payment may be late
 */
export function entitledUntil(facts: SubscriptionFacts, graceMs: number): Date | null {
  switch (facts.status) {
    case 'active':
    case 'trialing':
      // A cancelled subscription ends to the second; one that renews has the leeway.
      return facts.endsAt !== null && facts.endsAt <= facts.currentPeriodEnd
        ? facts.endsAt
        : new Date(facts.currentPeriodEnd.getTime() + RENEWAL_LEEWAY_MS);
    case 'past_due':
      // The grace begins when the payment was due, not when we learnt of it, and does not begin again with a further
      // period that is unpaid too.
      return earliest(new Date((facts.unpaidSince ?? facts.currentPeriodStart).getTime() + graceMs), facts.endsAt);
    default:
      return null;
  }
}

/** The final statuses. With any other one, known or not, Stripe may still charge for the subscription. */
export const ENDED_STATUSES = ['canceled', 'incomplete_expired'] as const;

export const hasEnded = (status: string): boolean => ENDED_STATUSES.some((ended) => ended === status);

const earliest = (one: Date, other: Date | null): Date => (other !== null && other < one ? other : one);
