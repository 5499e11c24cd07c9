/** Coupons and promotion codes, from their redemption to what they take off an amount. */
import { newDiscount } from '../objects/discount.js';
import { invalidRequest } from '../stripe-error.js';
import type { Coupon, Discount, InvoiceLine, PromotionCode, Subscription } from '../wire.js';
import type { World } from '../world.js';

export interface Redeemed {
  coupon: Coupon;
  promotionCode: PromotionCode | null;
}

/** @throws StripeError 400 for a coupon that cannot be redeemed any more */
export function redeemable(world: World, id: string, param: string): Coupon {
  const coupon = world.require('coupons', id, param);
  const spent = coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions;
  if (spent || !coupon.valid || (coupon.redeem_by !== null && coupon.redeem_by <= world.now()))
    throw invalidRequest(`Coupon expired: ${id}`, { code: 'coupon_expired', param });
  return coupon;
}

/** @throws StripeError 400 for a code that is over, spent, or another customer's */
export function redeemableCode(world: World, code: PromotionCode, customer: string | null, param: string): Redeemed {
  const spent = code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions;
  const over = code.expires_at !== null && code.expires_at <= world.now();
  const bought = world.store.find('invoices', (one) => one.customer === customer && one.amount_paid > 0) !== undefined;
  if (!code.active || spent || over) throw invalidRequest('This promotion code is expired.', { code: 'promotion_code_expired', param });
  if (code.customer !== null && code.customer !== customer)
    throw invalidRequest('This promotion code cannot be redeemed by this customer.', { param });
  if (code.restrictions.first_time_transaction && customer !== null && bought)
    throw invalidRequest('This promotion code cannot be redeemed because the associated customer has prior transactions.', {
      code: 'promotion_code_customer_not_first_time',
      param,
    });
  return { coupon: redeemable(world, code.promotion.coupon ?? '', param), promotionCode: code };
}

/** One that is not active may have the same text as the one that is. */
export function findCode(world: World, typed: string): PromotionCode | undefined {
  const found = world.store.all('promotion_codes').filter((one) => one.code.toUpperCase() === typed.trim().toUpperCase());
  return found.find(({ active }) => active) ?? found[0];
}

/** The discount that a redemption gives, which counts against its coupon and its code. */
export function redeem(
  world: World,
  { coupon, promotionCode }: Redeemed,
  owner: Pick<Discount, 'customer' | 'subscription' | 'checkout_session'>,
): Discount {
  const times = coupon.times_redeemed + 1;
  world.change('coupons', coupon, { times_redeemed: times, valid: coupon.max_redemptions === null || times < coupon.max_redemptions });
  if (promotionCode !== null) world.change('promotion_codes', promotionCode, { times_redeemed: promotionCode.times_redeemed + 1 });
  const discount = newDiscount(world.now(), coupon, { ...owner, promotion_code: promotionCode?.id ?? null });
  return world.add('discounts', discount, 'customer.discount.created');
}

/** The discounts of a subscription that apply to what is billed now. */
export function liveDiscounts(world: World, subscription: Subscription): string[] {
  return subscription.discounts.filter((id) => {
    const discount = world.store.get('discounts', id);
    return discount !== undefined && (discount.end === null || discount.end > world.now());
  });
}

/** What is left of a subscription's discounts once an invoice has used those that apply once. */
export function discountsAfterInvoice(world: World, subscription: Subscription): string[] {
  return liveDiscounts(world, subscription).filter((id) => couponOf(world, id)?.duration !== 'once');
}

export function couponOf(world: World, discount: string): Coupon | undefined {
  return world.store.get('coupons', world.store.get('discounts', discount)?.source.coupon ?? '');
}

/** What a coupon takes off each of these amounts; an amount off is spread over them in proportion. */
export function takenOff(coupon: Coupon, amounts: readonly number[], currency: string): number[] {
  const { percent_off: percent, amount_off: amount } = coupon;
  if (percent !== null) return amounts.map((one) => Math.round((Math.max(0, one) * percent) / 100));
  if (amount === null || coupon.currency !== currency) return amounts.map(() => 0);
  const total = amounts.reduce((sum, one) => sum + Math.max(0, one), 0);
  let left = Math.min(amount, total);
  return amounts.map((one, index) => {
    const share = index === amounts.length - 1 ? left : Math.round((Math.min(amount, total) * Math.max(0, one)) / Math.max(1, total));
    left -= share;
    return share;
  });
}

export function withDiscounts(world: World, lines: readonly InvoiceLine[], discounts: readonly string[]): InvoiceLine[] {
  let result = [...lines];
  for (const id of discounts) {
    const coupon = couponOf(world, id);
    if (coupon === undefined) continue;
    const left = result.map((line) => line.amount - (line.discount_amounts ?? []).reduce((sum, one) => sum + one.amount, 0));
    const off = takenOff(coupon, left, lines[0]?.currency ?? '');
    result = result.map((line, index) => ({
      ...line,
      discount_amounts: [...(line.discount_amounts ?? []), { amount: off[index] ?? 0, discount: id }],
    }));
  }
  return result;
}
