import type Stripe from 'stripe';
import { PAGE, type StripeConnection } from './stripe.connection.js';
import { PaymentProviderRefusedError } from './stripe.errors.js';
import { bills, type StripePrice, toPrice } from './stripe-objects.js';

/** The ids of prices, and of plans, which Stripe takes for prices. Other references are lookup keys. */
const PRICE_ID = /^(?:price|plan)_/;
/** The time for which Pro's products are not read again, and that time where Stripe does not know all prices. */
const PRODUCTS_TTL_MS = 3_600_000;
const RETRY_MS = 300_000;

/** The products that are Pro. */
interface ProProducts {
  readonly ids: ReadonlySet<string>;
  /** False when Stripe did not know each of the configured prices. */
  readonly areAll: boolean;
}

export class PricesClient {
  /** A product stays one of Pro's when its lookup key moves to the price of another one. */
  private products: (ProProducts & { readonly until: number }) | null = null;

  /** @param proPrices ids or lookup keys of the prices of Pro */
  constructor(
    private readonly stripe: StripeConnection,
    private readonly proPrices: readonly string[],
  ) {}

  /**
   * Finds prices by id or lookup key.
   *
   * @param references at most ten
   * @returns each price that Stripe knows by its reference; null for one that is not recurring
   */
  find(references: readonly string[]): Promise<ReadonlyMap<string, StripePrice | null>> {
    const ids = references.filter((reference) => PRICE_ID.test(reference));
    const keys = references.filter((reference) => !PRICE_ID.test(reference));
    return this.stripe.request(async () => {
      const [byId, byKey] = await Promise.all([
        Promise.all(
          ids.map((id) => this.stripe.requestOrNull(() => this.stripe.sdk.prices.retrieve(id, { expand: ['currency_options'] }))),
        ),
        keys.length === 0 ? null : this.stripe.sdk.prices.list({ lookup_keys: keys, limit: PAGE, expand: ['data.currency_options'] }),
      ]);
      const found = [...byId.filter((price) => price !== null), ...(byKey?.data ?? [])];
      return new Map(found.map((price) => [ids.includes(price.id) ? price.id : (price.lookup_key ?? price.id), toPrice(price)]));
    });
  }

  /**
   * The products of the configured prices. What is sold of other products on the same account is not Pro.
   *
   * @throws PaymentProviderRefusedError when Stripe knows none of the prices: nothing can be concluded without them
   */
  async findProProducts(): Promise<ProProducts> {
    if (this.products && performance.now() < this.products.until) return this.products;
    const found = await this.find(this.proPrices);
    const ids = new Set([...(this.products?.ids ?? []), ...[...found.values()].flatMap((price) => price?.productId ?? [])]);
    if (ids.size === 0) throw new PaymentProviderRefusedError();
    const areAll = found.size === this.proPrices.length;
    this.products = { ids, areAll, until: performance.now() + (areAll ? PRODUCTS_TTL_MS : RETRY_MS) };
    return this.products;
  }

  /** False for an invoice of another product. True also while Stripe does not name each of Pro's products. */
  async mayBill(invoice: Stripe.Invoice): Promise<boolean> {
    try {
      const { ids, areAll } = await this.findProProducts();
      return !areAll || bills(invoice, ids);
    } catch (error) {
      if (error instanceof PaymentProviderRefusedError) return true;
      throw error;
    }
  }
}
