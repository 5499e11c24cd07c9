import type { StripeSubscription } from '../../integrations/stripe/index.js';
import { type EndingRule, hasEnded } from '../subscriptions/index.js';

/** What is to be done at Stripe about one of a user's subscriptions. */
export interface Verdict {
  readonly subscription: StripeSubscription;
  readonly cause: EndingRule;
  /** The payment to give back before it is cancelled; null for none. */
  readonly refund: string | null;
}

/**
 * Which of a user's subscriptions must not go on: those whose payment was given back in full, lost in a dispute, or never came, and all but one of
 * the others. A function of what Stripe says and of nothing else, so that two workers who see the same decide the same.
 *
 * @param subscriptions in Stripe's order, newest first
 */
export function judge(subscriptions: readonly StripeSubscription[]): Verdict[] {
  const verdicts: Verdict[] = [];
  const live: StripeSubscription[] = [];
  for (const subscription of [...subscriptions].reverse()) {
    if (hasEnded(subscription.status)) continue;
    const cause = causeOfEnd(subscription);
    if (cause === null) live.push(subscription);
    else verdicts.push({ subscription, cause, refund: null });
  }
  const [, ...others] = live.sort(byPrecedence);
  for (const subscription of others) {
    const { payment } = subscription;
    // Money that is on its way can be given back only once it has arrived; that has an event, and another look.
    if (payment?.state === 'pending') continue;
    verdicts.push({ subscription, cause: 'duplicate', refund: payment?.state === 'paid' ? payment.paymentIntentId : null });
  }
  return verdicts;
}

function causeOfEnd({ status, payment }: StripeSubscription): EndingRule | null {
  switch (payment?.state) {
    case 'refunded':
    case 'dispute_lost':
      return payment.state;
    case 'failed':
      // Stripe leaves a subscription active that began with a bank debit which then failed: nothing was ever paid for it.
      return payment.isFirst && status === 'active' ? 'first_payment_failed' : null;
    case 'paid':
    case 'pending':
    case undefined:
      return null;
  }
}

/** The one that works before one that is behind with its payments, then the older one; of those that began in one second the order stays. */
const byPrecedence = (a: StripeSubscription, b: StripeSubscription): number =>
  rank(a.status) - rank(b.status) || a.startedAt.getTime() - b.startedAt.getTime();

const rank = (status: string): number => (status === 'active' || status === 'trialing' ? 0 : status === 'past_due' ? 1 : 2);
