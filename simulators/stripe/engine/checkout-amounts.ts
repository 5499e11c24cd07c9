/** What a checkout costs, as discounts, addresses and tax ids come to it. */
import type { CheckoutDetails } from '../store.js';
import type { CheckoutLine, CheckoutSession } from '../wire.js';
import type { World } from '../world.js';
import { takenOff } from './discounts.js';
import { taxOf } from './taxes.js';

/** Puts the amounts of a checkout in order after something that they hang on has changed. */
export function priceSession(world: World, session: CheckoutSession, details: CheckoutDetails): CheckoutSession {
  const coupon = details.redeemed === null ? undefined : world.store.get('coupons', details.redeemed.coupon);
  const currency = session.currency ?? 'usd';
  const amounts = details.lines.map(({ amount_subtotal: amount }) => amount);
  const off = coupon === undefined ? amounts.map(() => 0) : takenOff(coupon, amounts, currency);
  const lines = details.lines.map((line, index) => priceLine(session, line, off[index] ?? 0));
  world.change('checkout_details', details, { lines });
  const sum = (pick: (line: CheckoutLine) => number): number => lines.reduce((total, line) => total + pick(line), 0);
  const trial = details.subscription.trial_end !== null;
  return world.change('checkout_sessions', session, {
    amount_subtotal: trial ? 0 : sum((line) => line.amount_subtotal),
    amount_total: trial ? 0 : sum((line) => line.amount_total),
    total_details: {
      amount_discount: trial ? 0 : sum((line) => line.amount_discount),
      amount_shipping: 0,
      amount_tax: trial ? 0 : sum((line) => line.amount_tax),
    },
    discounts:
      details.redeemed === null
        ? session.discounts
        : [{ coupon: details.redeemed.coupon, promotion_code: details.redeemed.promotion_code }],
    ...(session.automatic_tax.enabled
      ? { automatic_tax: { ...session.automatic_tax, status: countryOf(session) === null ? 'requires_location_inputs' : 'complete' } }
      : {}),
  });
}

const countryOf = (session: CheckoutSession): string | null => session.customer_details?.address?.country ?? null;

function priceLine(session: CheckoutSession, line: CheckoutLine, off: number): CheckoutLine {
  const net = line.amount_subtotal - off;
  const ids = (session.customer_details?.tax_ids ?? []).map(({ type }) => type);
  const behavior = line.price?.tax_behavior === 'inclusive' ? 'inclusive' : 'exclusive';
  const tax = session.automatic_tax.enabled ? taxOf(net, behavior, countryOf(session), ids).amount : 0;
  return {
    ...line,
    amount_discount: off,
    amount_tax: tax,
    amount_total: behavior === 'exclusive' ? net + tax : net,
  };
}
