import { addInterval, type Seconds } from '../clock.js';
import { newId, randomText } from '../ids.js';
import type { Coupon, Discount, PromotionCode } from '../wire.js';

export function newCoupon(created: Seconds, given: Partial<Coupon>): Coupon {
  return {
    id: randomText(8),
    object: 'coupon',
    amount_off: null,
    created,
    currency: null,
    duration: 'once',
    duration_in_months: null,
    livemode: false,
    max_redemptions: null,
    metadata: {},
    name: null,
    percent_off: null,
    redeem_by: null,
    times_redeemed: 0,
    valid: true,
    ...given,
  };
}

export function newPromotionCode(created: Seconds, coupon: string, given: Partial<PromotionCode>): PromotionCode {
  return {
    id: newId('promo'),
    object: 'promotion_code',
    active: true,
    code: randomText(8).toUpperCase(),
    created,
    customer: null,
    customer_account: null,
    expires_at: null,
    livemode: false,
    max_redemptions: null,
    metadata: {},
    promotion: { coupon, type: 'coupon' },
    restrictions: { first_time_transaction: false, minimum_amount: null, minimum_amount_currency: null },
    times_redeemed: 0,
    ...given,
  };
}

export function newDiscount(
  start: Seconds,
  coupon: Coupon,
  given: Pick<Discount, 'customer' | 'subscription' | 'promotion_code' | 'checkout_session'>,
): Discount {
  const months = coupon.duration === 'repeating' ? coupon.duration_in_months : null;
  return {
    id: newId('di'),
    object: 'discount',
    customer_account: null,
    end: months === null ? null : addInterval(start, 'month', months),
    invoice: null,
    invoice_item: null,
    source: { coupon: coupon.id, type: 'coupon' },
    start,
    subscription_item: null,
    ...given,
  };
}
