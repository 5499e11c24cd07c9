/** Simulated taxes: one rate for a country, and none where the buyer owes it (a business with a VAT id in the EU). */
import type { Customer, InvoiceLine, TaxId } from '../wire.js';
import type { World } from '../world.js';

const PERCENT: Readonly<Record<string, number>> = {
  ...{ AT: 20, BE: 21, BG: 20, CY: 19, CZ: 21, DE: 19, DK: 25, EE: 24, ES: 21, FI: 25.5, FR: 20, GR: 24, HR: 25, HU: 27, IE: 23 },
  ...{ IT: 22, LT: 21, LU: 17, LV: 21, MT: 18, NL: 21, PL: 23, PT: 23, RO: 21, SE: 25, SI: 22, SK: 23 },
  ...{ AU: 10, CH: 8.1, GB: 20, IN: 18, JP: 10, NO: 25, NZ: 15, SG: 9 },
};
const RATE_ID = 'txr_simulated';

type Tax = NonNullable<InvoiceLine['taxes']>[number];

/** @param net after discounts; of an inclusive price the tax is a part of it */
export function taxOf(net: number, behavior: 'exclusive' | 'inclusive', country: string | null, taxIds: readonly TaxId['type'][]): Tax {
  const percent = PERCENT[country ?? ''] ?? 0;
  const reverse = percent > 0 && taxIds.includes('eu_vat');
  const rate = reverse ? 0 : percent;
  const amount = Math.round(behavior === 'inclusive' ? net - net / (1 + rate / 100) : (net * rate) / 100);
  return {
    amount,
    tax_behavior: behavior,
    tax_rate_details: { tax_rate: `${RATE_ID}_${(country ?? 'none').toLowerCase()}` },
    taxability_reason: reverse ? 'reverse_charge' : rate === 0 ? 'not_collecting' : 'standard_rated',
    taxable_amount: behavior === 'inclusive' ? net - amount : net,
    type: 'tax_rate_details',
  };
}

export function withTaxes(world: World, customer: Customer, lines: readonly InvoiceLine[]): InvoiceLine[] {
  const ids = taxIdsOf(world, customer.id).map(({ type }) => type);
  return lines.map((line) => {
    const net = line.amount - (line.discount_amounts ?? []).reduce((sum, one) => sum + one.amount, 0);
    const price = world.store.get('prices', line.pricing?.price_details?.price ?? '');
    const behavior = price?.tax_behavior === 'inclusive' ? 'inclusive' : 'exclusive';
    return { ...line, taxes: [taxOf(net, behavior, customer.address?.country ?? null, ids)] };
  });
}

export function taxIdsOf(world: World, customer: string): TaxId[] {
  return world.store.all('tax_ids').filter((one) => one.customer === customer);
}
