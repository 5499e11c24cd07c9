/** Our reasons to end a subscription at Stripe. */
const RULES = ['duplicate', 'refunded', 'dispute_lost', 'first_payment_failed', 'trial_used'] as const;

export type EndingRule = (typeof RULES)[number];

/**
 * The cause of a change of an entitlement: one of our reasons, another change at Stripe, or an administrator's action.
 * `unknown_at_stripe` is that of earlier releases only.
 */
export type TransitionCause = EndingRule | 'stripe' | 'customer_deleted' | 'unknown_at_stripe' | 'granted' | 'extended' | 'revoked';

/** @param endedFor the reason that was stored at Stripe when we ended the subscription; null if we did not */
export const causeOf = (endedFor: string | null): TransitionCause => RULES.find((rule) => rule === endedFor) ?? 'stripe';
