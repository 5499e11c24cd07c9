import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { isRefusal, StripeAccount, type StripeInvoice, StripeRefusalError } from '../../integrations/stripe/index.js';
import { type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import { NotSubscribedError } from './billing.errors.js';
import { CustomersRepository } from './customers.repository.js';
import { ReturnAddressesService } from './return-addresses.service.js';
import { SubscriptionSyncService } from './subscription-sync.service.js';

type LiveSubscription = NonNullable<Awaited<ReturnType<SubscriptionsService['findLive']>>>;

const SESSION_ID = /^cs_\w{1,250}$/;
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
    private readonly subscriptions: SubscriptionsService,
    private readonly syncs: SubscriptionSyncService,
    private readonly addresses: ReturnAddressesService,
  ) {}

  /**
   * Given `checkoutSessionId`, the id of a payment page that the user returns from, it reads Stripe's state first.
   *
   * @throws NotFoundError for an unknown session and another user's, BillingUnavailableError
   */
  async getStatus(actor: Actor, { checkoutSessionId }: { checkoutSessionId?: string | undefined }): Promise<SubscriptionStatus> {
    if (checkoutSessionId !== undefined) {
      const session = SESSION_ID.test(checkoutSessionId) ? await this.stripe.client.findCheckout(checkoutSessionId) : null;
      if (!session?.stripeCustomerId || session.stripeCustomerId !== (await this.customers.findId(actor.userId))) throw new NotFoundError();
      await this.syncs.sync(actor.userId);
    }
    return this.subscriptions.getStatus(actor.userId);
  }

  /** Cancels the subscription at the end of its period. @throws NotSubscribedError, BillingUnavailableError */
  cancel(actor: Actor): Promise<SubscriptionStatus> {
    return this.change(actor, async ({ stripeSubscriptionId, endsAt }) => {
      if (endsAt === null) await this.stripe.client.cancelAtPeriodEnd(stripeSubscriptionId);
    });
  }

  /** Undoes a cancellation that was made here or in the portal. @throws NotSubscribedError, BillingUnavailableError */
  resume(actor: Actor): Promise<SubscriptionStatus> {
    return this.change(actor, async ({ stripeSubscriptionId }) => this.stripe.client.resume(stripeSubscriptionId));
  }

  /**
   * @returns the address of Stripe's page for cards, invoices and cancelling
   * @throws ValidationFailedError, NotSubscribedError for a user who never paid, BillingUnavailableError
   */
  async openPortal(actor: Actor, input: { returnUrl?: string | undefined }): Promise<string> {
    const address = this.addresses.forPortal(input);
    const { client } = this.stripe;
    const stripeCustomerId = await this.customers.findId(actor.userId);
    if (stripeCustomerId === null) throw new NotSubscribedError();
    return client.openPortal(stripeCustomerId, address).catch((error: unknown) => {
      throw isRefusal(error, 'resource_missing') ? new NotSubscribedError() : error;
    });
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
      return await this.stripe.client.listInvoices(stripeCustomerId, count, after);
    } catch (error) {
      if (!isRefusal(error, 'resource_missing')) throw error;
      if (error.param === 'customer') return [];
      throw new ValidationFailedError([{ field: 'cursor', message: 'cursor must be a next_cursor of this list' }]);
    }
  }

  /** Every invoice, for the export of a user's data. @throws BillingUnavailableError */
  async listAllInvoices(actor: Pick<Actor, 'userId'>): Promise<StripeInvoice[]> {
    return this.stripe.isConnected ? this.listInvoices(actor, { after: null, count: MAX_INVOICES }) : [];
  }

  private async change({ userId }: Actor, work: (live: LiveSubscription) => Promise<void>): Promise<SubscriptionStatus> {
    const live = await this.requireLive(userId);
    try {
      await work(live);
    } catch (error) {
      if (!(error instanceof StripeRefusalError)) throw error;
      // The subscription may have ended at Stripe since the last sync run.
      await this.syncs.sync(userId);
      if (await this.subscriptions.findLive(userId)) throw error;
      throw new NotSubscribedError();
    }
    await this.syncs.sync(userId);
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
