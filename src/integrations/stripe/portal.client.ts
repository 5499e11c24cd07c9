import type Stripe from 'stripe';
import type { PricesClient } from './prices.client.js';
import type { StripeConnection } from './stripe.connection.js';
import { StripeRefusalError } from './stripe.errors.js';
import { itemOf } from './stripe-objects.js';

/** The page on which customers see to their cards, invoices and subscription. */
export class PortalClient {
  /** @param configuration undefined for the default of the account */
  constructor(
    private readonly stripe: StripeConnection,
    private readonly prices: PricesClient,
    private readonly configuration: string | undefined,
  ) {}

  /**
   * @param change leads to the page that confirms the change of a subscription to another price
   * @returns the address of the page for cards, invoices and the subscription, which is valid for a few minutes
   */
  open(stripeCustomerId: string, returnUrl: string, change: { subscriptionId: string; priceId: string } | null): Promise<string> {
    return this.stripe.request(async () => {
      const flow = change && (await this.flowOf(change, returnUrl));
      const { configuration } = this;
      const parameters: Stripe.BillingPortal.SessionCreateParams = {
        customer: stripeCustomerId,
        return_url: returnUrl,
        ...(configuration === undefined ? {} : { configuration }),
        ...(flow === null ? {} : { flow_data: flow }),
      };
      return (await this.stripe.sdk.billingPortal.sessions.create(parameters)).url;
    });
  }

  /** Portals prorate by their configuration. */
  private async flowOf(
    { subscriptionId, priceId }: { subscriptionId: string; priceId: string },
    returnUrl: string,
  ): Promise<Stripe.BillingPortal.SessionCreateParams.FlowData> {
    const { ids } = await this.prices.findProProducts();
    const item = itemOf(await this.stripe.sdk.subscriptions.retrieve(subscriptionId), ids);
    if (!item) throw new StripeRefusalError('resource_missing', 'subscription', {});
    return {
      type: 'subscription_update_confirm',
      subscription_update_confirm: { subscription: subscriptionId, items: [{ id: item.id, price: priceId, quantity: item.quantity ?? 1 }] },
      after_completion: { type: 'redirect', redirect: { return_url: returnUrl } },
    };
  }
}
