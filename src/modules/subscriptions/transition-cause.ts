/** The rules of ours that have a subscription ended at Stripe. */
const RULES = ['duplicate', 'refunded', 'dispute_lost', 'first_payment_failed'] as const;

export type EndingRule = (typeof RULES)[number];

/**
 * Why an entitlement changed: Stripe said so, a rule of ours had it ended there, or an administrator gave or took it.
 */
export type TransitionCause = EndingRule | 'stripe' | 'unknown_at_stripe' | 'granted' | 'extended' | 'revoked';

/** @param endedFor what Stripe was told when the subscription was ended; null where it was not us */
export const causeOf = (endedFor: string | null): TransitionCause => RULES.find((rule) => rule === endedFor) ?? 'stripe';
