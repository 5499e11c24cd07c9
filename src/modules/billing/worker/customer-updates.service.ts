import { Injectable, Logger } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { RepeatedError } from '../../../common/logging/repeated-error.js';
import { StripeAccount, StripeRefusalError, UnknownCustomerError } from '../../../integrations/stripe/index.js';
import { CustomerUpdatesRepository } from '../customer-updates.repository.js';

/** The longest delays before another attempt: while Stripe is away, and after it refused. */
const UNAVAILABLE_MS = 60_000;
const REFUSED_MS = 3_600_000;

/** Gives customers at Stripe the username and the e-mail address that users have now, for its mails and invoices. */
@Injectable()
export class CustomerUpdatesService {
  private readonly refusals = new RepeatedError(new Logger(CustomerUpdatesService.name));

  constructor(
    private readonly stripe: StripeAccount,
    private readonly updates: CustomerUpdatesRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws the error of a failed attempt, after the next attempt was scheduled */
  async updateCustomer(userId: string): Promise<void> {
    const update = await this.updates.find(userId);
    if (!update) return;
    const { stripe_customer_id: customer, username, email } = update;
    try {
      // Where taxes are added, the payment page asks for the name that stands on the invoices.
      const name = this.config.STRIPE_AUTOMATIC_TAX ? {} : { username };
      await this.stripe.client.customers.update(customer, { ...name, email });
    } catch (error) {
      const isRefused = error instanceof StripeRefusalError || error instanceof UnknownCustomerError;
      if (isRefused) this.refusals.log(`customer ${customer} of user ${userId} keeps its old name and address: ${error.message}`);
      await this.updates.postpone(userId, error instanceof Error ? error.message : String(error), isRefused ? REFUSED_MS : UNAVAILABLE_MS);
      throw error;
    }
    await this.updates.finish(update);
  }
}
