import type { StripeIdentity, StripeSubscription } from '../../integrations/stripe/index.js';
import { type EndingRule, hasEnded } from '../subscriptions/index.js';

/** Whether a key belongs to the stored account. A key that may not read its account is judged by its mode alone. */
export const isSameAccount = (
  stored: { readonly accountId: string | null; readonly livemode: boolean },
  { accountId, isLive }: StripeIdentity,
): boolean => stored.livemode === isLive && (stored.accountId === null || accountId === null || stored.accountId === accountId);

/** A subscription that has to be cancelled at Stripe. */
export interface Cancellation {
  readonly subscription: StripeSubscription;
  readonly cause: EndingRule;
  /** The payment intent to refund before the cancellation; null for none. */
  readonly refund: string | null;
}

/**
 * Finds the subscriptions of a user that must not go on: those whose payment was refunded in full, lost in a dispute of
 * any period, or never made, those in a repeated trial, and all but one of the others. It depends only on what Stripe
 * says and on the claimed trials, so that two workers that read the same decide the same.
 *
 * @param subscriptions in Stripe's order, newest first
 * @param repeatedTrials the ids of subscriptions whose person had a trial before
 */
export function findCancellations(
  subscriptions: readonly StripeSubscription[],
  repeatedTrials: ReadonlySet<string> = new Set(),
): Cancellation[] {
  const cancellations: Cancellation[] = [];
  const live: StripeSubscription[] = [];
  for (const subscription of [...subscriptions].reverse()) {
    if (hasEnded(subscription.status)) continue;
    const cause = repeatedTrials.has(subscription.stripeSubscriptionId) ? 'trial_used' : causeOfEnd(subscription);
    if (cause === null) live.push(subscription);
    else cancellations.push({ subscription, cause, refund: null });
  }
  const [, ...others] = live.sort(byPrecedence);
  for (const subscription of others) {
    const { payment } = subscription;
    // People at Stripe created it beside the other one on purpose.
    if (subscription.isInvoiced) continue;
    // A pending payment can be refunded only after it has arrived. Its arrival is an event, which starts another sync
    // run. A new subscription whose payer has not confirmed ends by itself within a day.
    if (payment?.state === 'pending' || (payment?.state === 'unconfirmed' && subscription.status === 'incomplete')) continue;
    cancellations.push({ subscription, cause: 'duplicate', refund: payment?.state === 'paid' ? payment.paymentIntentId : null });
  }
  return cancellations;
}

/** The ids of subscriptions that are to go on, renew, and have a payment whose dispute is being decided. */
export function findDisputedRenewals(subscriptions: readonly StripeSubscription[], cancellations: readonly Cancellation[]): string[] {
  const cancelled = new Set(cancellations.map(({ subscription }) => subscription));
  return subscriptions
    .filter((subscription) => !cancelled.has(subscription) && !hasEnded(subscription.status))
    .filter(({ dispute, endsAt }) => dispute === 'open' && endsAt === null)
    .map(({ stripeSubscriptionId }) => stripeSubscriptionId);
}

/**
 * The payment intents that paid for a period in which a duplicate was ended, and that were not refunded: Stripe began
 * the period when the end was decided already.
 */
export const findUnusedPayments = (subscriptions: readonly StripeSubscription[]): string[] =>
  subscriptions.flatMap(({ status, endedFor, endsAt, currentPeriodStart: start, currentPeriodEnd: end, payment }) => {
    const isUnused = hasEnded(status) && endedFor === 'duplicate' && endsAt !== null && start <= endsAt && endsAt < end;
    return isUnused && payment?.state === 'paid' ? [payment.paymentIntentId] : [];
  });

function causeOfEnd({ status, payment, dispute, isInvoiced }: StripeSubscription): EndingRule | null {
  // Disputes are decided weeks later, so that the payment may be that of an earlier period.
  if (dispute === 'lost') return 'dispute_lost';
  switch (payment?.state) {
    case 'refunded':
      return 'refunded';
    case 'failed':
      // Stripe leaves a subscription active whose first payment is a bank debit that failed; it was never paid for. An
      // invoice that was sent can be paid otherwise.
      return payment.isFirst && status === 'active' && !isInvoiced ? 'first_payment_failed' : null;
    case 'paid':
    case 'unconfirmed':
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
