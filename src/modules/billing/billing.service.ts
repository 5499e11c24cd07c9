import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { isRefusal, StripeAccount, type StripeInvoice, StripeRefusalError, UnknownCustomerError } from '../../integrations/stripe/index.js';
import { type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import { ChangeRefusedError, NotSubscribedError, OtherCurrencyError } from './billing.errors.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CustomersRepository } from './customers.repository.js';
import { PricesService } from './prices.service.js';
import { ReturnAddressesService } from './return-addresses.service.js';
import { SubscriptionSyncService } from './subscription-sync.service.js';

/** How a payment page ended, as far as it is known. */
export type CheckoutOutcome = 'complete' | 'waiting' | 'cancelled' | 'unknown';

type LiveSubscription = NonNullable<Awaited<ReturnType<SubscriptionsService['findLive']>>>;

/** A bound on what is held in memory, above the number that any user has. */
const MAX_INVOICES = 1_000;

export interface InvoiceListOptions {
  /** The id of the invoice before the first one; null for the newest. */
  readonly after: string | null;
  readonly count: number;
}

/** A user's own subscription and invoices. */
@Injectable()
export class BillingService {
  constructor(
    private readonly stripe: StripeAccount,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
    private readonly syncs: SubscriptionSyncService,
    private readonly prices: PricesService,
    private readonly addresses: ReturnAddressesService,
  ) {}

  /**
   * Given `checkoutSessionId`, the id of a payment page that the user returns from, it reads Stripe's state first.
   *
   * @throws NotFoundError for an unknown session and another user's, BillingUnavailableError
   */
  async getStatus(actor: Actor, { checkoutSessionId }: { checkoutSessionId?: string | undefined }): Promise<SubscriptionStatus> {
    if (checkoutSessionId !== undefined) {
      const checkout = await this.checkouts.findBySession(actor.userId, checkoutSessionId);
      if (!checkout) throw new NotFoundError();
      // The page may have been paid a moment ago, after any stored state.
      await this.syncs.sync(actor.userId, checkout.status === 'open' ? { maxAgeMs: 0 } : {});
    }
    return this.subscriptions.getStatus(actor.userId);
  }

  /** How a payment page ended, by the address that the payer came back to. It says nothing about a user. */
  async getCheckoutOutcome(back: { checkoutSessionId?: string | undefined; isCancelled: boolean }): Promise<CheckoutOutcome> {
    if (back.isCancelled) return 'cancelled';
    const checkout = back.checkoutSessionId === undefined ? null : await this.checkouts.findOfPage(back.checkoutSessionId);
    if (checkout?.status === 'complete') return 'complete';
    // Stripe sends payers here once they have finished; its event may be on its way.
    return checkout?.status === 'open' ? 'waiting' : 'unknown';
  }

  /**
   * Cancels the subscription at the end of its period; at once one that is incomplete or paused, for which nothing is
   * paid.
   *
   * @throws NotSubscribedError, ChangeRefusedError, BillingUnavailableError
   */
  cancel(actor: Actor): Promise<SubscriptionStatus> {
    return this.change(actor, ({ stripeSubscriptionId }) => this.stripe.client.subscriptions.cancel(stripeSubscriptionId));
  }

  /**
   * Undoes a cancellation that was made here or in the portal, and ends a pause.
   *
   * @throws NotSubscribedError, ChangeRefusedError, BillingUnavailableError
   */
  resume(actor: Actor): Promise<SubscriptionStatus> {
    return this.change(actor, ({ stripeSubscriptionId }) => this.stripe.client.subscriptions.resume(stripeSubscriptionId));
  }

  /**
   * @param input.price the key of the price to change to; unset for the portal's first page
   * @returns the address of Stripe's page for cards, invoices and cancelling
   * @throws ValidationFailedError, NotSubscribedError for a user who never paid, OtherCurrencyError,
   * BillingUnavailableError
   */
  async openPortal(actor: Actor, { price, ...input }: { price?: string | undefined; returnUrl?: string | undefined }): Promise<string> {
    const address = this.addresses.forPortal(input);
    const { client } = this.stripe;
    const stripeCustomerId = await this.customers.findId(actor.userId);
    if (stripeCustomerId === null) throw new NotSubscribedError();
    const change = price === undefined ? null : await this.changeTo(actor, price);
    try {
      return await client.portal.open(stripeCustomerId, address, change);
    } catch (error) {
      const isOver = isRefusal(error, 'resource_missing')
        ? error.param !== 'configuration'
        : await this.isOfDeleted(error, stripeCustomerId);
      throw isOver ? new NotSubscribedError() : error;
    }
  }

  private async changeTo({ userId }: Actor, key: string): Promise<{ subscriptionId: string; priceId: string }> {
    const { priceId, currency } = await this.prices.requireOffer(key);
    const live = await this.requireLive(userId);
    if (live.price && live.price.currency !== currency) throw new OtherCurrencyError(live.price.currency);
    if (live.price?.id === priceId) {
      throw new ValidationFailedError([{ field: 'price', message: 'price must be another one than that of the subscription' }]);
    }
    return { subscriptionId: live.stripeSubscriptionId, priceId };
  }

  /**
   * At most `count` invoices, newest first.
   *
   * @throws ValidationFailedError when the invoice `after` is unknown, BillingUnavailableError
   */
  async listInvoices({ userId }: Pick<Actor, 'userId'>, { after, count }: InvoiceListOptions): Promise<StripeInvoice[]> {
    const stripeCustomerId = await this.customers.findId(userId);
    if (stripeCustomerId === null) return [];
    try {
      return await this.stripe.client.invoices.list(stripeCustomerId, count, after);
    } catch (error) {
      if (await this.isOfDeleted(error, stripeCustomerId)) return [];
      if (!isRefusal(error, 'resource_missing')) throw error;
      throw new ValidationFailedError([{ field: 'cursor', message: 'cursor must be a next_cursor of this list' }]);
    }
  }

  /** Every invoice, for the export of a user's data. @throws BillingUnavailableError */
  async listAllInvoices(actor: Pick<Actor, 'userId'>): Promise<StripeInvoice[]> {
    return this.stripe.isConnected ? this.listInvoices(actor, { after: null, count: MAX_INVOICES }) : [];
  }

  /** Whether a call failed because its customer was deleted at Stripe, and not because Stripe does not know it. */
  private async isOfDeleted(error: unknown, stripeCustomerId: string): Promise<boolean> {
    return error instanceof UnknownCustomerError && this.stripe.client.customers.isDeleted(stripeCustomerId);
  }

  private async change({ userId }: Actor, work: (live: LiveSubscription) => Promise<void>): Promise<SubscriptionStatus> {
    const live = await this.requireLive(userId);
    try {
      await work(live);
    } catch (error) {
      if (!(error instanceof StripeRefusalError)) throw error;
      // The subscription may have ended at Stripe since the last sync run.
      await this.syncs.sync(userId, { maxAgeMs: 0 });
      throw (await this.subscriptions.findLive(userId)) ? new ChangeRefusedError({ cause: error }) : new NotSubscribedError();
    }
    await this.syncs.sync(userId, { maxAgeMs: 0 });
    return this.subscriptions.getStatus(userId);
  }

  /** Reads Stripe's state before it says that there is no subscription. */
  private async requireLive(userId: string): Promise<LiveSubscription> {
    const known = await this.subscriptions.findLive(userId);
    if (known) return known;
    await this.syncs.sync(userId);
    const found = await this.subscriptions.findLive(userId);
    if (!found) throw new NotSubscribedError();
    return found;
  }
}
