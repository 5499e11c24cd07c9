import type { Price } from './wire.js';

/** Members that are kept with an object and shown only to a request that expands them. */
const HIDDEN: Readonly<Record<string, string>> = { price: 'currency_options' };

/** Where a price that is sold in another currency keeps itself as Stripe shows it, which is in its own currency. */
const LISTED = 'listed_price';

/** A price with its amount in another currency, for what is calculated with it. */
export const inCurrency = (price: Price, other: Pick<Price, 'currency' | 'unit_amount' | 'unit_amount_decimal' | 'tax_behavior'>): Price =>
  Object.assign({ ...price, ...other }, { [LISTED]: price });

/** The price as Stripe shows it. */
export const listedPrice = (price: Price): Price => (Reflect.get(price, LISTED) as Price | undefined) ?? price;

export function hiddenMemberOf(holder: object): string | undefined {
  return HIDDEN[String(Reflect.get(holder, 'object'))];
}

/** What `value` shows of itself: hidden members of it and of all that it holds are left out, but for those named. */
export function shown<T>(value: T, named: readonly string[] = []): T {
  if (Array.isArray(value)) return value.map((one) => shown(one as unknown, named)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const listed: unknown = Reflect.get(value, LISTED);
  if (listed !== undefined) return shown(listed as T, named);
  const hidden = hiddenMemberOf(value);
  const left = hidden === undefined || named.includes(hidden) ? undefined : hidden;
  const entries = Object.entries(value).flatMap(([key, one]) => (key === left ? [] : [[key, shown(one as unknown, named)]]));
  return Object.fromEntries(entries) as T;
}
