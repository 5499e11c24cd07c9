import { z } from 'zod';
import { redeemable } from '../engine/discounts.js';
import { newCoupon, newPromotionCode } from '../objects/discount.js';
import { amount, currency, flag, given, mergeMetadata, metadata, positive, text, timestamp, unsettable } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

const couponCreate = z.strictObject({
  amount_off: amount.optional(),
  currency: currency.optional(),
  duration: z.enum(['forever', 'once', 'repeating']).optional(),
  duration_in_months: positive.optional(),
  id: text.optional(),
  max_redemptions: positive.optional(),
  metadata: metadata.optional(),
  name: z.string().max(40).optional(),
  percent_off: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,2})?$/)
    .transform(Number)
    .optional(),
  redeem_by: timestamp.optional(),
});
const codeCreate = z.strictObject({
  active: flag.optional(),
  code: z
    .string()
    .regex(/^[\w-]+$/)
    .optional(),
  /** The older word for `promotion[coupon]`, in which Stripe's command line still writes. */
  coupon: text.optional(),
  customer: text.optional(),
  expires_at: timestamp.optional(),
  max_redemptions: positive.optional(),
  metadata: metadata.optional(),
  promotion: z.strictObject({ coupon: text, type: z.literal('coupon') }).optional(),
  restrictions: z.strictObject({ first_time_transaction: flag.optional() }).optional(),
});

export const discountRoutes: Route[] = [
  route('POST', '/v1/coupons', couponCreate, (world, { metadata: pairs, ...plain }) => {
    const { amount_off: off, percent_off: percent, duration = 'once', duration_in_months: months } = plain;
    if ((off === undefined) === (percent === undefined)) throw invalidRequest('Must provide percent_off or amount_off.');
    if (percent !== undefined && (percent <= 0 || percent > 100))
      throw invalidRequest('percent_off must be greater than 0 and at most 100.', { param: 'percent_off' });
    if (off !== undefined && plain.currency === undefined)
      throw invalidRequest('You must pass currency when passing amount_off.', { code: 'parameter_missing', param: 'currency' });
    if ((duration === 'repeating') !== (months !== undefined))
      throw invalidRequest('`duration_in_months` goes with the duration `repeating`.', { param: 'duration_in_months' });
    if (plain.id !== undefined && world.store.get('coupons', plain.id) !== undefined)
      throw invalidRequest('Coupon already exists.', { code: 'resource_already_exists', param: 'id' });
    return world.add('coupons', newCoupon(world.now(), { ...given(plain), metadata: mergeMetadata({}, pairs) }), 'coupon.created');
  }),
  retrieves('/v1/coupons', 'coupons'),
  route(
    'POST',
    '/v1/coupons/:id',
    z.strictObject({ metadata: metadata.optional(), name: unsettable(z.string().max(40)).optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const coupon = world.require('coupons', id);
      return world.change('coupons', coupon, { ...given(plain), metadata: mergeMetadata(coupon.metadata ?? {}, pairs) }, 'coupon.updated');
    },
  ),
  route('DELETE', '/v1/coupons/:id', noParameters, (world, _parameters, id) => {
    const coupon = world.change('coupons', world.require('coupons', id), { valid: false });
    world.emit('coupon.deleted', coupon);
    return { id, object: 'coupon', deleted: true };
  }),
  lists('/v1/coupons', 'coupons', {}, () => true),
  route('POST', '/v1/promotion_codes', codeCreate, (world, { metadata: pairs, promotion, coupon: older, restrictions, ...plain }) => {
    const coupon = promotion?.coupon ?? older;
    if (coupon === undefined) throw invalidRequest('Missing required param: promotion.', { code: 'parameter_missing', param: 'promotion' });
    redeemable(world, coupon, 'promotion[coupon]');
    if (plain.customer !== undefined) world.require('customers', plain.customer, 'customer');
    const code = plain.code?.toUpperCase();
    if (world.store.find('promotion_codes', (one) => one.active && one.code.toUpperCase() === code) !== undefined)
      throw invalidRequest(`An active promotion code with \`code: ${plain.code ?? ''}\` already exists.`, { param: 'code' });
    const made = newPromotionCode(world.now(), coupon, { ...given(plain), metadata: mergeMetadata({}, pairs) });
    const first = restrictions?.first_time_transaction ?? false;
    return world.add(
      'promotion_codes',
      { ...made, restrictions: { ...made.restrictions, first_time_transaction: first } },
      'promotion_code.created',
    );
  }),
  retrieves('/v1/promotion_codes', 'promotion_codes'),
  route(
    'POST',
    '/v1/promotion_codes/:id',
    z.strictObject({ active: flag.optional(), metadata: metadata.optional() }),
    (world, { metadata: pairs, ...plain }, id) => {
      const code = world.require('promotion_codes', id);
      const patch = { ...given(plain), metadata: mergeMetadata(code.metadata ?? {}, pairs) };
      return world.change('promotion_codes', code, patch, 'promotion_code.updated');
    },
  ),
  lists(
    '/v1/promotion_codes',
    'promotion_codes',
    { active: flag.optional(), code: text.optional(), coupon: text.optional(), customer: text.optional() },
    (one, { active, code, coupon, customer }) =>
      (active === undefined || one.active === active) &&
      (code === undefined || one.code.toUpperCase() === code.toUpperCase()) &&
      (coupon === undefined || one.promotion.coupon === coupon) &&
      (customer === undefined || one.customer === customer),
  ),
];
