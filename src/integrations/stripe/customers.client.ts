import type Stripe from 'stripe';
import type { CheckoutsClient } from './checkouts.client.js';
import type { PricesClient } from './prices.client.js';
import { idempotencyKeyOf, PAGE, type StripeConnection } from './stripe.connection.js';
import { isRefusal, StripeRefusalError, UnknownCustomerError } from './stripe.errors.js';

export class CustomersClient {
  constructor(
    private readonly stripe: StripeConnection,
    private readonly checkouts: CheckoutsClient,
    private readonly prices: PricesClient,
  ) {}

  /**
   * @param replaced the customer that was deleted at Stripe; null for the first one of the user
   * @returns the id of the customer, the same for the same request
   */
  create(user: { userId: string; username: string; email: string | null }, replaced: string | null): Promise<string> {
    const parameters: Stripe.CustomerCreateParams = {
      name: user.username,
      metadata: { user_id: user.userId },
      ...(user.email === null ? {} : { email: user.email }),
    };
    const idempotencyKey = idempotencyKeyOf('customer', [parameters, replaced]);
    return this.stripe.request(async () => (await this.stripe.sdk.customers.create(parameters, { idempotencyKey })).id);
  }

  /**
   * Does nothing for a customer that was deleted.
   *
   * @param changes without a name that stays as it is
   * @throws UnknownCustomerError for a customer that Stripe does not know at all
   */
  async update(stripeCustomerId: string, { username, email }: { username?: string; email: string | null }): Promise<void> {
    const parameters = { ...(username === undefined ? {} : { name: username }), email: email ?? '' };
    try {
      await this.stripe.request(() => this.stripe.sdk.customers.update(stripeCustomerId, parameters));
    } catch (error) {
      if (!isRefusal(error, 'resource_missing') && !(error instanceof UnknownCustomerError)) throw error;
      if (!(await this.isDeleted(stripeCustomerId))) throw error;
    }
  }

  /** The currency in which a customer pays; null before the first payment, and for a customer that is gone. */
  findCurrency(stripeCustomerId: string): Promise<string | null> {
    return this.stripe.requestOrNull(async () => {
      const customer = await this.stripe.sdk.customers.retrieve(stripeCustomerId);
      return customer.deleted ? null : (customer.currency ?? null);
    });
  }

  /**
   * Whether a customer was deleted, which ends its subscriptions for good.
   *
   * @throws UnknownCustomerError for a customer that Stripe does not know at all
   */
  async isDeleted(stripeCustomerId: string): Promise<boolean> {
    try {
      return await this.stripe.request(async () => (await this.stripe.sdk.customers.retrieve(stripeCustomerId)).deleted === true);
    } catch (error) {
      throw isRefusal(error, 'resource_missing') ? new UnknownCustomerError({ cause: error }) : error;
    }
  }

  /**
   * Closes what a customer can still pay, open payment pages and invoices for Pro, and deletes the customer, which ends
   * its subscriptions and deletes its personal data. A repeat changes nothing. An invoice whose payment has begun stays
   * as it is.
   *
   * @throws UnknownCustomerError for a customer that Stripe does not know at all, which may go on paying elsewhere
   */
  async delete(stripeCustomerId: string): Promise<void> {
    if (await this.isDeleted(stripeCustomerId)) return;
    await this.stripe.request(async () => {
      const open = await this.stripe.sdk.checkout.sessions.list({ customer: stripeCustomerId, status: 'open', limit: PAGE });
      for (const { id } of open.data) await this.checkouts.expire(id);
      // Stripe accepts a payment for both kinds.
      for (const status of ['open', 'uncollectible'] as const) await this.voidInvoices(stripeCustomerId, status);
      await this.stripe.sdk.customers.del(stripeCustomerId);
    });
  }

  private async voidInvoices(customer: string, status: 'open' | 'uncollectible'): Promise<void> {
    const { data } = await this.stripe.sdk.invoices.list({ customer, status, limit: PAGE });
    for (const invoice of data) {
      const { id } = invoice;
      if (!(await this.prices.mayBill(invoice))) continue;
      await this.stripe
        .request(() => this.stripe.sdk.invoices.voidInvoice(id))
        .catch((error: unknown) => {
          if (!(error instanceof StripeRefusalError)) throw error;
        });
    }
  }
}
