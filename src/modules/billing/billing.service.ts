import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { isRefusal, StripeAccount, type StripeInvoice, StripeRefusalError } from '../../integrations/stripe/index.js';
import { type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import { NotSubscribedError } from './billing.errors.js';
import { CustomersRepository } from './customers.repository.js';
import { ReturnAddresses } from './return-addresses.js';
import { SubscriptionSync } from './subscription-sync.js';

type LiveSubscription = NonNullable<Awaited<ReturnType<SubscriptionsService['findLive']>>>;

/** Anything else Stripe need not be asked about. */
const SESSION_ID = /^cs_\w{1,250}$/;
/** More than anybody will have, and a bound on what is held in memory. */
const MOST_INVOICES = 1_000;

/** What a user does about a subscription that is there. */
@Injectable()
export class BillingService {
  constructor(
    private readonly stripe: StripeAccount,
    private readonly customers: CustomersRepository,
    private readonly subscriptions: SubscriptionsService,
    private readonly sync: SubscriptionSync,
    private readonly addresses: ReturnAddresses,
  ) {}

  /**
   * @param checkoutSessionId of a payment page that the user comes back from: Stripe is asked first
   * @throws NotFoundError for a session that is unknown or somebody else's, BillingUnavailableError
   */
  async getStatus(actor: Actor, checkoutSessionId: string | null): Promise<SubscriptionStatus> {
    if (checkoutSessionId !== null) {
      const session = SESSION_ID.test(checkoutSessionId) ? await this.stripe.client.findCheckout(checkoutSessionId) : null;
      if (!session?.stripeCustomerId || session.stripeCustomerId !== (await this.customers.find(actor.userId))) throw new NotFoundError();
      await this.sync.sync(actor.userId);
    }
    return this.subscriptions.getStatus(actor.userId);
  }

  /** Lets the subscription run out. @throws NotSubscribedError, BillingUnavailableError */
  cancel(actor: Actor): Promise<SubscriptionStatus> {
    return this.change(actor, async ({ stripeSubscriptionId, endsAt }) => {
      if (endsAt === null) await this.stripe.client.cancelAtPeriodEnd(stripeSubscriptionId);
    });
  }

  /** Takes a cancellation back, here or in the portal. @throws NotSubscribedError, BillingUnavailableError */
  resume(actor: Actor): Promise<SubscriptionStatus> {
    return this.change(actor, async ({ stripeSubscriptionId }) => this.stripe.client.resume(stripeSubscriptionId));
  }

  /**
   * @returns the address of Stripe's page for cards, invoices and cancelling
   * @throws ValidationFailedError, NotSubscribedError for somebody who never paid, BillingUnavailableError
   */
  async openPortal(actor: Actor, returnUrl: string | null): Promise<string> {
    const address = this.addresses.forPortal(returnUrl);
    const { client } = this.stripe;
    const stripeCustomerId = await this.customers.find(actor.userId);
    if (stripeCustomerId === null) throw new NotSubscribedError();
    return client.openPortal(stripeCustomerId, address).catch((error: unknown) => {
      throw isRefusal(error, 'resource_missing') ? new NotSubscribedError() : error;
    });
  }

  /**
   * At most `count` invoices, newest first.
   *
   * @param after the invoice before the first one
   * @throws ValidationFailedError when there is no such invoice, BillingUnavailableError
   */
  async listInvoices({ userId }: Pick<Actor, 'userId'>, after: string | null, count: number): Promise<StripeInvoice[]> {
    const stripeCustomerId = await this.customers.find(userId);
    if (stripeCustomerId === null) return [];
    try {
      return await this.stripe.client.listInvoices(stripeCustomerId, count, after);
    } catch (error) {
      if (!isRefusal(error, 'resource_missing')) throw error;
      if (error.param === 'customer') return [];
      throw new ValidationFailedError([{ field: 'cursor', message: 'cursor must be a next_cursor of this list' }]);
    }
  }

  /** Every invoice, for a copy of all that is held about the user. @throws BillingUnavailableError */
  async listAllInvoices(actor: Pick<Actor, 'userId'>): Promise<StripeInvoice[]> {
    return this.stripe.isConnected ? this.listInvoices(actor, null, MOST_INVOICES) : [];
  }

  private async change({ userId }: Actor, work: (live: LiveSubscription) => Promise<void>): Promise<SubscriptionStatus> {
    const live = await this.requireLive(userId);
    try {
      await work(live);
    } catch (error) {
      if (!(error instanceof StripeRefusalError)) throw error;
      // It ended while we were not looking.
      await this.sync.sync(userId);
      if (await this.subscriptions.findLive(userId)) throw error;
      throw new NotSubscribedError();
    }
    await this.sync.sync(userId);
    return this.subscriptions.getStatus(userId);
  }

  /** Stripe is asked before anybody is told that there is none. */
  private async requireLive(userId: string): Promise<LiveSubscription> {
    const known = await this.subscriptions.findLive(userId);
    if (known) return known;
    await this.sync.sync(userId);
    const found = await this.subscriptions.findLive(userId);
    if (!found) throw new NotSubscribedError();
    return found;
  }
}
