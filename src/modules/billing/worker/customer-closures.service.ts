import { Injectable, Logger } from '@nestjs/common';
import { RepeatedError } from '../../../common/logging/repeated-error.js';
import { StripeAccount, UnknownCustomerError } from '../../../integrations/stripe/index.js';
import type { CustomerClosureEntity } from '../customer-closure.entity.js';
import { CustomerClosuresRepository } from '../customer-closures.repository.js';
import { RefundsService } from '../refunds.service.js';

/** Stripe's times are whole seconds of another clock, and who pays and erases the account in one go gets nothing. */
const LEEWAY_MS = 10_000;

/**
 * Deletes customers at Stripe who have no account here any more, so that nobody pays for an account that they cannot
 * use. A closure is open until each payment that has to be given back is given back.
 */
@Injectable()
export class CustomerClosuresService {
  private readonly logger = new Logger(CustomerClosuresService.name);
  private readonly unknown = new RepeatedError(this.logger);

  constructor(
    private readonly stripe: StripeAccount,
    private readonly closures: CustomerClosuresRepository,
    private readonly refunds: RefundsService,
  ) {}

  /** @throws the error of a failed attempt, after the next attempt was scheduled */
  async closeCustomer(stripeCustomerId: string): Promise<void> {
    const closure = await this.closures.find(stripeCustomerId);
    if (!closure || closure.closedAt !== null) return;
    try {
      await this.stripe.client.customers.delete(stripeCustomerId);
      // Nothing new can be paid now. What was paid, or has begun, until then is on the list.
      await this.refundPayments(closure);
    } catch (error) {
      if (error instanceof UnknownCustomerError) {
        this.unknown.log(
          `customer ${stripeCustomerId} of an erased account is unknown at Stripe and may still be charged: it stays to be closed`,
        );
      }
      await this.closures.postpone(stripeCustomerId, error instanceof Error ? error.message : String(error));
      throw error;
    }
    const owed = await this.refunds.countOwed(stripeCustomerId);
    if (owed > 0) return this.closures.postpone(stripeCustomerId, `payments that are not refunded yet: ${owed}`);
    await this.closures.finish(closure);
    this.logger.log(`customer ${stripeCustomerId} is deleted at Stripe`);
  }

  /**
   * Gives back what was paid when the account was gone, and what a bank may yet decide to pay. Whoever paid for an
   * account that was reclaimed did not give it up, and gets the running periods back, too.
   */
  private async refundPayments({ stripeCustomerId, createdAt, isReclaimed }: CustomerClosureEntity): Promise<void> {
    const since = new Date(createdAt.getTime() - LEEWAY_MS);
    const reason = isReclaimed ? 'account_reclaimed' : 'account_closed';
    for (const paymentIntentId of await this.stripe.client.payments.listSince(stripeCustomerId, since, { withRunning: isReclaimed })) {
      await this.refunds.refund({ paymentIntentId, stripeCustomerId, reason });
    }
  }
}
