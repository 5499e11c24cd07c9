import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { StripeIdentity } from '../../integrations/stripe/index.js';
import { StripeAccountEntity } from './stripe-account.entity.js';

// Processes that start at once with different keys leave the account of one of them. An id that could not be read at
// first is added.
const store = statement({
  name: 'stripe_accounts_store',
  parameters: { account_id: 'text?', livemode: 'bool' },
  text: `INSERT INTO stripe_accounts AS a (id, account_id, livemode) VALUES (1, :account_id, :livemode)
   ON CONFLICT (id) DO UPDATE SET account_id = excluded.account_id WHERE a.account_id IS NULL AND a.livemode = excluded.livemode`,
});

const forgetUnused = statement({
  name: 'stripe_accounts_forget_unused',
  text: `DELETE FROM stripe_accounts WHERE NOT EXISTS (SELECT FROM stripe_customers)
   AND NOT EXISTS (SELECT FROM customer_closures WHERE closed_at IS NULL)`,
});

@Injectable()
export class StripeAccountsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(StripeAccountEntity) private readonly accounts: Repository<StripeAccountEntity>,
  ) {}

  /** The stored account; null before the first process that could ask Stripe. */
  find(): Promise<StripeAccountEntity | null> {
    return this.accounts.findOneBy({ id: 1 });
  }

  /** Stores the account of a key, unless one is stored. @returns the stored one */
  async store({ accountId, isLive }: StripeIdentity): Promise<Pick<StripeAccountEntity, 'accountId' | 'livemode'>> {
    await this.database.run(store, { account_id: accountId, livemode: isLive });
    return (await this.find()) ?? { accountId, livemode: isLive };
  }

  /** Deletes the stored account if no customer of it is left. */
  async forgetUnused(): Promise<void> {
    await this.database.run(forgetUnused, {});
  }
}
