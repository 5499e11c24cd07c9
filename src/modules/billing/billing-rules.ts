import type { StripeSubscription } from '../../integrations/stripe/index.js';
import { type EndingRule, hasEnded } from '../subscriptions/index.js';

/** A subscription that has to be cancelled at Stripe. */
export interface Cancellation {
  readonly subscription: StripeSubscription;
  readonly cause: EndingRule;
  /** The payment intent to refund before the cancellation; null for none. */
  readonly refund: string | null;
}

/**
 * Finds the subscriptions of a user that must not go on: those whose payment was refunded in full, lost in a dispute,
 * or never made, and all but one of the others. It depends only on what Stripe says, so that two workers that read the
 * same decide the same.
 *
 * @param subscriptions in Stripe's order, newest first
 */
export function findCancellations(subscriptions: readonly StripeSubscription[]): Cancellation[] {
  const cancellations: Cancellation[] = [];
  const live: StripeSubscription[] = [];
  for (const subscription of [...subscriptions].reverse()) {
    if (hasEnded(subscription.status)) continue;
    const cause = causeOfEnd(subscription);
    if (cause === null) live.push(subscription);
    else cancellations.push({ subscription, cause, refund: null });
  }
  const [, ...others] = live.sort(byPrecedence);
  for (const subscription of others) {
    const { payment } = subscription;
    // A pending payment can be refunded only after it has arrived. Its arrival is an event, which starts another sync
    // run.
    if (payment?.state === 'pending') continue;
    cancellations.push({ subscription, cause: 'duplicate', refund: payment?.state === 'paid' ? payment.paymentIntentId : null });
  }
  return cancellations;
}

function causeOfEnd({ status, payment }: StripeSubscription): EndingRule | null {
  switch (payment?.state) {
    case 'refunded':
    case 'dispute_lost':
      return payment.state;
    case 'failed':
      // Stripe leaves a subscription active whose first payment is a bank debit that failed; it was never paid for.
      return payment.isFirst && status === 'active' ? 'first_payment_failed' : null;
    case 'paid':
    case 'pending':
    case undefined:
      return null;
  }
}

/**
 * Orders active subscriptions before those with late payments, then older before newer ones. The order of subscriptions
 * that began in the same second stays.
 */
const byPrecedence = (a: StripeSubscription, b: StripeSubscription): number =>
  rank(a.status) - rank(b.status) || a.startedAt.getTime() - b.startedAt.getTime();

const rank = (status: string): number => (status === 'active' || status === 'trialing' ? 0 : status === 'past_due' ? 1 : 2);
