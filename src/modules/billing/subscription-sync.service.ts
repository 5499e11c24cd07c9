import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { StripeAccount, type StripeClient, StripeRefusalError, type StripeSubscription } from '../../integrations/stripe/index.js';
import { hasEnded, SubscriptionsService } from '../subscriptions/index.js';
import { findCancellations } from './billing-rules.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CustomersRepository } from './customers.repository.js';

/** The longest time between two sync runs of a customer with a live subscription. */
const CHECK_EVERY_MS = 86_400_000;
const CHECK_OPEN_CHECKOUT_EVERY_MS = 300_000;
/** Stripe needs a moment after the end of a period to begin the next one. */
const PERIOD_END_DELAY_MS = 2_000;

/**
 * Copies the state of a customer at Stripe into this database. Every event, every return from the payment page and
 * every scheduled check starts the same sync run: it reads all subscriptions of the customer, cancels at Stripe those
 * that our rules forbid, and stores what Stripe says then. So neither the order nor the number of events matters, and
 * the next sync run makes up for whatever was lost.
 */
@Injectable()
export class SubscriptionSyncService {
  private readonly logger = new Logger(SubscriptionSyncService.name);

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /** Does nothing for a user without a customer. @throws BillingUnavailableError, StripeRefusalError */
  async sync(userId: string): Promise<void> {
    const run = await this.customers.beginSyncRun(userId);
    if (!run) return;
    const { client } = this.stripe;
    const known = await this.enforceRules(client, userId, run.stripe_customer_id);
    const isSubscribed = known.some(({ status }) => !hasEnded(status));
    const hasOpenCheckout = await this.syncCheckout(client, userId, isSubscribed);
    await this.database.transaction(async (transaction) => {
      if (!(await this.customers.finishSyncRun(transaction, userId, run))) return;
      const next = await this.subscriptions.record(transaction, userId, known);
      await this.customers.setCheckAt(transaction, userId, nextCheck(next, hasOpenCheckout));
    });
  }

  /** @returns the subscriptions as they are afterwards */
  private async enforceRules(client: StripeClient, userId: string, stripeCustomerId: string): Promise<StripeSubscription[]> {
    const found = await client.listSubscriptions(stripeCustomerId);
    const cancellations = findCancellations(found);
    for (const { subscription, cause, refund } of cancellations) {
      const id = subscription.stripeSubscriptionId;
      this.logger.warn(`subscription ${id} of user ${userId} is cancelled${refund === null ? '' : ' and refunded'}: ${cause}`);
      // The refund comes first: if this process dies in between, the next sync run still finds a live subscription.
      if (refund !== null) await this.refund(client, refund);
      await client.cancelNow(id, cause);
    }
    return cancellations.length === 0 ? found : client.listSubscriptions(stripeCustomerId);
  }

  /**
   * Logs a refund that Stripe refuses, for example because the bank has taken the payment back already. A person has to
   * decide about it; the rest of the sync run goes on.
   */
  private async refund(client: StripeClient, paymentIntentId: string): Promise<void> {
    try {
      await client.refund(paymentIntentId);
    } catch (error) {
      if (!(error instanceof StripeRefusalError)) throw error;
      this.logger.error(`payment ${paymentIntentId} was not refunded: ${error.message}`);
    }
  }

  /** @returns whether the user may still pay on a page that is open */
  private async syncCheckout(client: StripeClient, userId: string, isSubscribed: boolean): Promise<boolean> {
    const open = await this.checkouts.findOpen(userId);
    if (open?.stripeSessionId == null) return open !== null;
    const session = await client.findCheckout(open.stripeSessionId);
    if (session?.status === 'open' && !isSubscribed) {
      // A page of the simulator has another address after the simulator was restarted.
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
    ...(next === null ? [] : [next.getTime() + PERIOD_END_DELAY_MS, now + CHECK_EVERY_MS]),
    ...(hasOpenCheckout ? [now + CHECK_OPEN_CHECKOUT_EVERY_MS] : []),
  ];
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}
