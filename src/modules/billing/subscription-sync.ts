import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { StripeAccount, type StripeClient, StripeRefusalError, type StripeSubscription } from '../../integrations/stripe/index.js';
import { hasEnded, SubscriptionsService } from '../subscriptions/index.js';
import { judge } from './billing-rules.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CustomersRepository } from './customers.repository.js';

/** However quiet a subscription is, it is looked at this often. */
const CHECK_EVERY_MS = 86_400_000;
const CHECK_OPEN_CHECKOUT_EVERY_MS = 300_000;
/** After a period's end Stripe needs a moment to begin the next one. */
const AFTER_THE_END_MS = 2_000;

/**
 * The one way in which what Stripe says gets here. Every event, every return from the payment page, every check by the clock comes down to this:
 * look at all that the customer has, put right at Stripe what must not be, write down what Stripe says then. So neither the order of events nor
 * their number matters, and whatever is lost is made good by the next look.
 */
@Injectable()
export class SubscriptionSync {
  private readonly logger = new Logger(SubscriptionSync.name);

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** Nothing to do for a user without a customer. @throws BillingUnavailableError, StripeRefusalError */
  async sync(userId: string): Promise<void> {
    const look = await this.customers.beginLook(userId);
    if (!look) return;
    const { client } = this.stripe;
    const known = await this.putRight(client, userId, look.stripe_customer_id);
    const hasOpenCheckout = await this.followCheckout(
      client,
      userId,
      known.some(({ status }) => !hasEnded(status)),
    );
    await this.database.transaction(async (transaction) => {
      if (!(await this.customers.finishLook(transaction, userId, look))) return;
      const next = await this.subscriptions.record(transaction, userId, known);
      await this.customers.setCheckAt(transaction, userId, nextCheck(next, hasOpenCheckout));
    });
  }

  private async putRight(client: StripeClient, userId: string, stripeCustomerId: string): Promise<StripeSubscription[]> {
    const found = await client.listSubscriptions(stripeCustomerId);
    const verdicts = judge(found);
    for (const { subscription, cause, refund } of verdicts) {
      const id = subscription.stripeSubscriptionId;
      this.logger.warn(`subscription ${id} of user ${userId} is cancelled${refund === null ? '' : ' and refunded'}: ${cause}`);
      // In this order: one that was cancelled first would no more be looked at, should this process die in between.
      if (refund !== null) await this.giveBack(client, refund);
      await client.cancelNow(id, cause);
    }
    return verdicts.length === 0 ? found : client.listSubscriptions(stripeCustomerId);
  }

  /** What Stripe will not let us give back (its bank took it back already) is for people to see to; it must not keep the rest from being put right. */
  private async giveBack(client: StripeClient, paymentIntentId: string): Promise<void> {
    try {
      await client.refund(paymentIntentId);
    } catch (error) {
      if (!(error instanceof StripeRefusalError)) throw error;
      this.logger.error(`payment ${paymentIntentId} was not given back: ${error.message}`);
    }
  }

  /** @returns whether the user may still pay on a page that is open */
  private async followCheckout(client: StripeClient, userId: string, isSubscribed: boolean): Promise<boolean> {
    const open = await this.checkouts.findOpen(userId);
    if (open?.stripe_session_id == null) return open !== null;
    const session = await client.findCheckout(open.stripe_session_id);
    if (session?.status === 'open' && !isSubscribed) {
      // The page of a simulator moves when it is started anew.
      if (session.url !== null && session.url !== open.url) await this.checkouts.setUrl(open.id, session.url);
      return true;
    }
    if (session?.status === 'open') await client.expireCheckout(session.id);
    await this.checkouts.close(open.id, session?.status === 'complete' ? 'complete' : 'expired');
    return false;
  }
}

function nextCheck(next: Date | null, hasOpenCheckout: boolean): Date | null {
  const now = Date.now();
  const moments = [
    ...(next === null ? [] : [next.getTime() + AFTER_THE_END_MS, now + CHECK_EVERY_MS]),
    ...(hasOpenCheckout ? [now + CHECK_OPEN_CHECKOUT_EVERY_MS] : []),
  ];
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}
