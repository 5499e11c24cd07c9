import type Stripe from 'stripe';
import type { PricesClient } from './prices.client.js';
import { PAGE, type StripeConnection } from './stripe.connection.js';
import { bills, idOf, intentOf, type StripeInvoice, toInvoice } from './stripe-objects.js';

/** Bounds on what is read of one customer, above the numbers that any user has. */
const MAX_CHARGES = 1_000;
const MAX_INVOICES_READ = 1_000;

export class InvoicesClient {
  constructor(
    private readonly stripe: StripeConnection,
    private readonly prices: PricesClient,
  ) {}

  /**
   * Invoices for Pro; the newest comes first.
   *
   * @param after the invoice before the first one
   * @throws UnknownCustomerError; StripeRefusalError `resource_missing` when `after` is unknown
   */
  async list(stripeCustomerId: string, limit: number, after: string | null): Promise<StripeInvoice[]> {
    const { ids: products } = await this.prices.findProProducts();
    const parameters = { customer: stripeCustomerId, limit: Math.min(limit, PAGE), ...(after === null ? {} : { starting_after: after }) };
    return this.stripe.request(async () => {
      const found: Stripe.Invoice[] = [];
      let read = 0;
      await this.stripe.sdk.invoices.list({ ...parameters, expand: ['data.payments'] }).autoPagingEach((invoice) => {
        read += 1;
        if (bills(invoice, products)) found.push(invoice);
        return found.length < limit && read < MAX_INVOICES_READ;
      });
      const oldest = found.at(-1)?.created;
      if (oldest === undefined) return [];
      const since = { customer: stripeCustomerId, created: { gte: oldest }, limit: PAGE };
      const charges = await this.stripe.sdk.charges.list(since).autoPagingToArray({ limit: MAX_CHARGES });
      const newest = new Map(charges.reverse().map((charge) => [idOf(charge.payment_intent), charge]));
      return found.map((invoice) => toInvoice(invoice, newest.get(intentOf(invoice) ?? '') ?? null));
    });
  }
}
