import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount, StripeRefusalError } from '../../integrations/stripe/index.js';
import type { RefundEntity } from './refund.entity.js';
import { type RefundListOptions, RefundsRepository } from './refunds.repository.js';

/** The delays of the next look at a refund: while Stripe is away, and while a bank has not decided. */
const UNAVAILABLE_SECONDS = 60;
const UNDECIDED_SECONDS = 3_600;

/**
 * Gives payments back. A refund is stored before Stripe is asked, so that neither a crash nor a refusal loses it: it is
 * owed until Stripe says that the money is on its way, and again when the bank sends it back.
 */
@Injectable()
export class RefundsService {
  private readonly logger = new Logger(RefundsService.name);

  constructor(
    private readonly stripe: StripeAccount,
    private readonly refunds: RefundsRepository,
  ) {}

  /** Owes a refund and asks Stripe for it. What Stripe does not do now is repeated later. */
  async refund(owed: Pick<RefundEntity, 'paymentIntentId' | 'stripeCustomerId' | 'reason'>): Promise<void> {
    const id = await this.refunds.owe(owed);
    if (id !== null) await this.attempt(id);
  }

  /** Asks Stripe for a refund that is owed, or how a pending one is. It stores what failed, and never throws for it. */
  async attempt(id: string): Promise<void> {
    const owed = await this.refunds.find(id);
    if (!owed || owed.settledAt !== null) return;
    try {
      await this.store(owed, await this.stripe.client.refunds.refund(owed));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.logger.error(`payment ${owed.paymentIntentId} is not refunded yet: ${message}`);
      if (error instanceof StripeRefusalError) await this.refunds.fail(owed, message);
      else await this.refunds.wait(owed, { stripeRefundId: owed.stripeRefundId, error: message, seconds: UNAVAILABLE_SECONDS });
    }
  }

  /** Reads a refund again that Stripe has told of, also a settled one. @returns false for one that is not ours */
  async recheck(stripeRefundId: string): Promise<boolean> {
    const known = await this.refunds.findByStripeId(stripeRefundId);
    if (!known) return false;
    await this.store(known, await this.stripe.client.refunds.refund(known));
    return true;
  }

  /** How many payments of a customer have yet to be given back. */
  countOwed(stripeCustomerId: string): Promise<number> {
    return this.refunds.countOwed(stripeCustomerId);
  }

  /** At most `count` refunds, newest first. */
  listRefunds(options: RefundListOptions): Promise<RefundEntity[]> {
    return this.refunds.list(options);
  }

  private async store(
    owed: RefundEntity,
    { state, refundId }: Awaited<ReturnType<StripeAccount['client']['refunds']['refund']>>,
  ): Promise<void> {
    switch (state) {
      case 'refunded':
      case 'not_needed':
        return this.refunds.settle(owed, state, refundId);
      case 'pending':
      case 'unpaid':
        return this.refunds.wait(owed, { stripeRefundId: refundId, error: null, seconds: UNDECIDED_SECONDS });
      case 'failed':
        this.logger.error(`refund ${refundId ?? '?'} of payment ${owed.paymentIntentId} has failed: it is owed again`);
        return this.refunds.fail(owed, `refund ${refundId ?? '?'} has failed`);
    }
  }
}
