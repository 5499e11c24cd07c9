import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { CustomersRepository } from '../customers.repository.js';

/** Lets go of the customer of an account that is gone: nobody pays for what nobody can use. */
@Injectable()
export class CustomerCloser {
  private readonly logger = new Logger(CustomerCloser.name);

  constructor(
    private readonly stripe: StripeAccount,
    private readonly customers: CustomersRepository,
  ) {}

  /** @throws whatever went wrong, once the next try is set */
  async close(stripeCustomerId: string): Promise<void> {
    try {
      await this.stripe.client.deleteCustomer(stripeCustomerId);
    } catch (error) {
      await this.customers.postponeClosure(stripeCustomerId, error instanceof Error ? error.message : String(error));
      throw error;
    }
    await this.customers.finishClosure(stripeCustomerId);
    this.logger.log(`customer ${stripeCustomerId} is deleted at Stripe`);
  }
}
