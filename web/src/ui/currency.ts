/**
 * Stripe writes an amount in the currency's smallest unit, by its own list, which differs from ISO 4217 and from Intl:
 * ISK and UGX have two decimals there, which are always 00, and HUF and TWD have two where money is taken.
 * https://docs.stripe.com/currencies#zero-decimal, https://docs.stripe.com/currencies#special-cases
 */
const NO_DECIMALS = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE_DECIMALS = new Set('bhd jod kwd omr tnd'.split(' '));

const decimalsOf = (currency: string): number => (NO_DECIMALS.has(currency) ? 0 : THREE_DECIMALS.has(currency) ? 3 : 2);

export interface Amount {
  readonly amount: number;
  readonly currency: string;
}

/** The number of whole units of the currency that an amount of Stripe's stands for. The code is in any case. */
export const inWholeUnits = ({ amount, currency }: Amount): number => amount / 10 ** decimalsOf(currency.toLowerCase());
