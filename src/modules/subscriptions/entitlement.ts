/** Stripe's words for what a subscription is in. A word that is not here entitles to nothing. */
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

/** What Stripe says of a subscription, as far as it matters here. */
export interface SubscriptionFacts {
  readonly stripeSubscriptionId: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly currentPeriodStart: Date;
  readonly currentPeriodEnd: Date;
  /** When a cancellation takes effect, whichever way it was made; null while it renews. */
  readonly endsAt: Date | null;
  /** Since when the oldest invoice of it is due and not paid; null when there is none. */
  readonly unpaidSince: Date | null;
  /** The rule of ours for which it was ended at Stripe; null for one that ended otherwise, or goes on. */
  readonly endedFor: string | null;
}

/**
 * Stripe begins the next period at the end of this one and tells of it moments later; a payer must not be turned away
 * in between.
 */
const RENEWAL_LEEWAY_MS = 10 * 60_000;

/**
 * Until when a subscription entitles to Pro, as long as nothing else is heard of it; null for not at all.
 *
 * @param graceMs how long a payment may be late
 */
export function entitledUntil(facts: SubscriptionFacts, graceMs: number): Date | null {
  switch (facts.status) {
    case 'active':
    case 'trialing':
      // At its end a cancelled one is over, to the second; one that renews is not.
      return facts.endsAt !== null && facts.endsAt <= facts.currentPeriodEnd
        ? facts.endsAt
        : new Date(facts.currentPeriodEnd.getTime() + RENEWAL_LEEWAY_MS);
    case 'past_due':
      // From when the payment was due, not from when we heard of it, and not anew with every further period that is not
      // paid either.
      return earliest(new Date((facts.unpaidSince ?? facts.currentPeriodStart).getTime() + graceMs), facts.endsAt);
    default:
      return null;
  }
}

/** Nothing follows these. Every other status, known or not, is of a subscription that Stripe may still charge for. */
export const ENDED_STATUSES = ['canceled', 'incomplete_expired'] as const;

export const hasEnded = (status: string): boolean => ENDED_STATUSES.some((ended) => ended === status);

const earliest = (one: Date, other: Date | null): Date => (other !== null && other < one ? other : one);
