import { randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random letters and digits; 24 of them carry 142 bits, so an id or an address that ends in them cannot be guessed. */
export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** An id in Stripe's manner: `newId('cus')` → `cus_…`. Ids of test mode's hosted pages carry `test` as Stripe's do. */
export function newId(prefix: string): string {
  if (prefix === 'cs') return `cs_test_${randomText(58)}`;
  if (prefix === 'cus' || prefix === 'prod' || prefix === 'si') return `${prefix}_${randomText(14)}`;
  return `${prefix}_1${randomText(23)}`;
}
