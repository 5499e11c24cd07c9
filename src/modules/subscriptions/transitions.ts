import type { StatementRunner } from '../../database/database.js';
import { newId } from '../../common/ids.js';
import { statement } from '../../database/statement.js';

/** The rules of ours that have a subscription ended at Stripe. */
const RULES = ['duplicate', 'refunded', 'dispute_lost', 'first_payment_failed'] as const;

export type EndingRule = (typeof RULES)[number];

/** Why an entitlement changed: Stripe said so, a rule of ours had it ended there, or an administrator gave or took it. */
export type TransitionCause = EndingRule | 'stripe' | 'unknown_at_stripe' | 'granted' | 'extended' | 'revoked';

/** @param endedFor what Stripe was told when the subscription was ended; null where it was not us */
export const causeOf = (endedFor: string | null): TransitionCause => RULES.find((rule) => rule === endedFor) ?? 'stripe';

export interface Transition {
  readonly userId: string;
  readonly subjectKind: 'subscription' | 'grant';
  readonly subjectId: string;
  readonly cause: TransitionCause;
  /** The administrator, if it was one. */
  readonly actorId?: string | null;
  readonly reason?: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>>;
}

const insert = statement<never>(
  'subscription_transitions_insert',
  `INSERT INTO subscription_transitions (id, user_id, subject_kind, subject_id, cause, actor_id, reason, before, after)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);

/** Writes one line of the audit trail, in the transaction of the change. */
export async function recordTransition(on: StatementRunner, transition: Transition): Promise<void> {
  const { userId, subjectKind, subjectId, cause, actorId = null, reason = null, before, after } = transition;
  const beforeJson = before === null ? null : JSON.stringify(before);
  await on.run(insert, [newId(), userId, subjectKind, subjectId, cause, actorId, reason, beforeJson, JSON.stringify(after)]);
}
