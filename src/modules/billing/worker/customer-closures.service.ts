import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { CustomerClosuresRepository } from '../customer-closures.repository.js';

/**
 * Deletes customers at Stripe whose account here was deleted, so that nobody pays for an account that nobody can use.
 */
@Injectable()
export class CustomerClosuresService {
  private readonly logger = new Logger(CustomerClosuresService.name);

  constructor(
    private readonly stripe: StripeAccount,
    private readonly closures: CustomerClosuresRepository,
  ) {}

  /** @throws the error of a failed attempt, after the next attempt was scheduled */
  async closeCustomer(stripeCustomerId: string): Promise<void> {
    try {
      await this.stripe.client.deleteCustomer(stripeCustomerId);
    } catch (error) {
      await this.closures.postpone(stripeCustomerId, error instanceof Error ? error.message : String(error));
      throw error;
    }
    await this.closures.finish(stripeCustomerId);
    this.logger.log(`customer ${stripeCustomerId} is deleted at Stripe`);
  }
}
