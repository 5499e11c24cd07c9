import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// A reclaimed account loses its customer in the commit that verifies its number, so that its number and address are
// never taken for those of whoever had the account before.
const findPerson = statement({
  name: 'trial_claims_find_person',
  parameters: { user_id: 'uuid', stripe_customer_id: 'text?' },
  columns: { email: 'text?', verified_number: 'text?', had_trial: 'bool' },
  text: `SELECT CASE WHEN is_payer THEN email END AS email,
     CASE WHEN is_payer AND verified_at IS NOT NULL THEN mobile_number END AS verified_number,
     EXISTS (SELECT FROM subscriptions s WHERE s.user_id = u.id AND s.trial_end IS NOT NULL) AS had_trial
   FROM users u CROSS JOIN LATERAL (SELECT :stripe_customer_id::text IS NULL OR EXISTS (
       SELECT FROM stripe_customers c WHERE c.user_id = u.id AND c.stripe_customer_id = :stripe_customer_id
     ) AS is_payer) payer
   WHERE id = :user_id`,
});

// Parallel claims of the same hash wait for each other at the key; the ordered hashes keep them from a deadlock.
const claim = statement({
  name: 'trial_claims_insert',
  parameters: { hashes: 'bytea[]', stripe_subscription_id: 'text' },
  text: `INSERT INTO trial_claims (identity_hash, stripe_subscription_id)
   SELECT DISTINCT h, :stripe_subscription_id FROM unnest(:hashes::bytea[]) h ORDER BY h ON CONFLICT DO NOTHING`,
});

const findOther = statement({
  name: 'trial_claims_find_other',
  parameters: { hashes: 'bytea[]', stripe_subscription_id: 'text?' },
  columns: { is_claimed: 'bool' },
  text: `SELECT EXISTS (
     SELECT FROM trial_claims WHERE identity_hash = ANY (:hashes::bytea[])
       AND stripe_subscription_id IS DISTINCT FROM :stripe_subscription_id::text
   ) AS is_claimed`,
});

@Injectable()
export class TrialsRepository {
  constructor(private readonly database: Database) {}

  /**
   * What a user is recognised by; null when the account is gone.
   *
   * @param stripeCustomerId the customer as whom the user has paid: neither number nor address for one that is not the
   *   user's any more
   */
  async findPerson(userId: string, stripeCustomerId: string | null) {
    return (await this.database.run(findPerson, { user_id: userId, stripe_customer_id: stripeCustomerId }))[0] ?? null;
  }

  /** Hashes that are claimed stay with the subscription that has them. */
  async claim(hashes: readonly Buffer[], stripeSubscriptionId: string): Promise<void> {
    await this.database.run(claim, { hashes, stripe_subscription_id: stripeSubscriptionId });
  }

  /** Whether another subscription than `stripeSubscriptionId` has one of the hashes. */
  async isClaimed(hashes: readonly Buffer[], stripeSubscriptionId: string | null): Promise<boolean> {
    return (await this.database.run(findOther, { hashes, stripe_subscription_id: stripeSubscriptionId }))[0]?.is_claimed === true;
  }
}
