import type { StripePrice } from '../../integrations/stripe/index.js';

/** A price in one currency, as clients see and choose it. */
export interface PriceOffer {
  /** The key of the setting; that of a further currency is `key:currency`. */
  readonly key: string;
  readonly priceId: string;
  /** The amount in the currency's smallest unit. */
  readonly amount: number;
  readonly currency: string;
  /** Whether the price has other currencies, too. */
  readonly isOneOfSeveral: boolean;
  readonly interval: StripePrice['interval'];
  readonly intervalCount: number;
}

/** The offers of the prices that are sold: the first currency of every price comes before all further currencies. */
export function offersOf(prices: ReadonlyMap<string, StripePrice>): PriceOffer[] {
  const sold = [...prices].filter(([, { isActive }]) => isActive);
  const offers = sold.flatMap(([key, { id, amounts, interval, intervalCount }]) =>
    amounts.map(({ amount, currency }, i) => ({
      key: i === 0 ? key : `${key}:${currency}`,
      priceId: id,
      amount,
      currency,
      isOneOfSeveral: amounts.length > 1,
      interval,
      intervalCount,
    })),
  );
  const isFirst = ({ key }: PriceOffer) => prices.has(key);
  return [...offers.filter(isFirst), ...offers.filter((offer) => !isFirst(offer))];
}
