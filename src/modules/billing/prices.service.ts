import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ValidationFailedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type PriceSetting, pricesOf } from '../../config/prices.js';
import { PaymentProviderRefusedError, StripeAccount, type StripePrice } from '../../integrations/stripe/index.js';
import { offersOf, type PriceOffer } from './price-offers.js';

/** The time for which the prices are not read again. */
const FRESH_MS = 300_000;
/** The time for which prices are shown that could not be read again. */
const STALE_MS = 86_400_000;
/** The time for which a failure is answered without asking Stripe again. */
const RETRY_MS = 5_000;

/** A configured price that cannot be sold. */
export interface UnsoldPrice {
  readonly key: string;
  readonly reference: string;
  readonly reason: 'unknown' | 'not_recurring' | 'archived' | 'no_fixed_amount';
}

/**
 * The prices of the Pro plan, kept in the process. Whoever asks while they are read waits for the same call; while
 * Stripe is away, the last ones hold for a day.
 */
@Injectable()
export class PricesService implements OnApplicationBootstrap {
  private readonly logger = new Logger(PricesService.name);
  private readonly settings: readonly PriceSetting[];
  private known: { readonly offers: readonly PriceOffer[]; readonly products: readonly string[]; readonly readAt: number } | null = null;
  private unsold: readonly UnsoldPrice[] = [];
  private failure: { readonly error: unknown; readonly at: number } | null = null;
  private reading: Promise<readonly PriceOffer[]> | null = null;

  constructor(
    private readonly stripe: StripeAccount,
    @InjectConfig() private readonly config: Config,
  ) {
    this.settings = pricesOf(config);
  }

  /** Production learns of a wrong price at its start, and not from the first buyer. The start does not wait. */
  onApplicationBootstrap(): void {
    if (this.config.NODE_ENV === 'production') void this.listOffers().catch(() => undefined);
  }

  /** The configured prices that cannot be sold. @throws BillingUnavailableError */
  async listUnsold(): Promise<readonly UnsoldPrice[]> {
    await this.listOffers();
    return this.unsold;
  }

  /** What can be bought, the default first; nothing without an account at Stripe. @throws BillingUnavailableError */
  async listOffers(): Promise<readonly PriceOffer[]> {
    return this.stripe.isConnected ? this.findOffers() : [];
  }

  /**
   * @param key null for the default
   * @throws ValidationFailedError for an unknown key; BillingUnavailableError; PaymentProviderRefusedError when
   * nothing can be bought
   */
  async requireOffer(key: string | null): Promise<PriceOffer> {
    const offers = await this.findOffers();
    const offer = key === null ? offers[0] : offers.find((one) => one.key === key);
    if (offer) return offer;
    if (key === null) throw new PaymentProviderRefusedError();
    throw new ValidationFailedError([{ field: 'price', message: 'price must be the key of a price that GET /plans lists' }]);
  }

  /** The key under which a price is sold in a currency; null for one that is not sold, or while Stripe is away. */
  async findKey({ id, currency }: { readonly id: string; readonly currency: string }): Promise<string | null> {
    const offers = await this.findOffers().catch(() => []);
    return offers.find((offer) => offer.priceId === id && offer.currency === currency)?.key ?? null;
  }

  /** The products of the configured prices; null while Stripe does not name one. */
  async findProducts(): Promise<readonly string[] | null> {
    await this.listOffers().catch(() => undefined);
    return this.known === null || this.known.products.length === 0 ? null : this.known.products;
  }

  private findOffers(): Promise<readonly PriceOffer[]> {
    const now = performance.now();
    const { known, failure } = this;
    const age = known === null ? Infinity : now - known.readAt;
    if (known !== null && age < FRESH_MS) return Promise.resolve(known.offers);
    const isHeldBack = failure !== null && now - failure.at < RETRY_MS;
    const reading = isHeldBack ? Promise.reject(asError(failure.error)) : this.read();
    if (known === null || age >= STALE_MS) return reading;
    // The next request has the new ones.
    reading.catch(() => undefined);
    return Promise.resolve(known.offers);
  }

  private read(): Promise<readonly PriceOffer[]> {
    this.reading ??= this.ask()
      .then((found) => {
        this.known = { ...found, readAt: performance.now() };
        return found.offers;
      })
      .catch((error: unknown) => {
        this.failure = { error, at: performance.now() };
        this.logger.warn(`the prices of the Pro plan could not be read: ${String(error)}`);
        throw error;
      })
      .finally(() => {
        this.reading = null;
      });
    return this.reading;
  }

  private async ask(): Promise<Pick<NonNullable<PricesService['known']>, 'offers' | 'products'>> {
    const found = await this.stripe.client.prices.find(this.settings.map(({ reference }) => reference));
    const prices = new Map<string, StripePrice>();
    const unsold: UnsoldPrice[] = [];
    for (const setting of this.settings) {
      const price = found.get(setting.reference);
      if (price) prices.set(setting.key, price);
      const reason = reasonAgainst(price);
      if (reason === null) continue;
      unsold.push({ ...setting, reason });
      this.logger.error(`the price ${setting.key} (${setting.reference}) is not sold: ${WORDS[reason]} at Stripe`);
    }
    this.unsold = unsold;
    this.stripe.hasUnsoldPrices = unsold.length > 0;
    return { offers: offersOf(prices), products: [...prices.values()].map(({ productId }) => productId) };
  }
}

const WORDS: Readonly<Record<UnsoldPrice['reason'], string>> = {
  unknown: 'it is unknown',
  not_recurring: 'it is not recurring',
  archived: 'it is archived',
  no_fixed_amount: 'it has no fixed amount',
};

/** @param price undefined for one that Stripe does not know, null for one that is not recurring */
function reasonAgainst(price: StripePrice | null | undefined): UnsoldPrice['reason'] | null {
  if (price === undefined) return 'unknown';
  if (price === null) return 'not_recurring';
  if (!price.isActive) return 'archived';
  return price.amounts.length === 0 ? 'no_fixed_amount' : null;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
