/** A price of the Pro plan. */
export interface PriceSetting {
  /** The name under which clients choose the price. */
  readonly key: string;
  /** The price at Stripe: its id, or its lookup key. */
  readonly reference: string;
}

const PRICE = /^([a-z0-9][a-z0-9_-]{0,39})=((?!prod_)\S{1,200})$/;
/** Stripe looks up at most ten lookup keys in one call. */
const MAX_PRICES = 10;
/** The key of the price that STRIPE_PRICE_PRO_ID names. */
const SINGLE_KEY = 'pro';

/** One entry of STRIPE_PRICES, such as `annual=pro_annual`. */
export const isPriceEntry = (entry: string): boolean => PRICE.test(entry);

export const PRICES_SHAPE = `at most ${MAX_PRICES} prices such as monthly=price_123,annual=pro_annual, with different keys`;

export const areDistinctPrices = (entries: readonly string[]): boolean =>
  entries.length <= MAX_PRICES && new Set(entries.map((entry) => entry.split('=', 1)[0])).size === entries.length;

interface PriceSettings {
  readonly STRIPE_PRICES: readonly string[];
  readonly STRIPE_PRICE_PRO_ID?: string | undefined;
}

/** The prices that are sold, the default first. */
export function pricesOf({ STRIPE_PRICES, STRIPE_PRICE_PRO_ID }: PriceSettings): PriceSetting[] {
  if (STRIPE_PRICES.length === 0) return STRIPE_PRICE_PRO_ID === undefined ? [] : [{ key: SINGLE_KEY, reference: STRIPE_PRICE_PRO_ID }];
  return STRIPE_PRICES.flatMap((entry) => {
    const [, key, reference] = PRICE.exec(entry) ?? [];
    return key === undefined || reference === undefined ? [] : [{ key, reference }];
  });
}
