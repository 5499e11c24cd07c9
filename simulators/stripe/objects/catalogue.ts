import type { Seconds } from '../clock.js';
import { newId } from '../ids.js';
import type { Plan, Price, Product } from '../wire.js';

export function newProduct(created: Seconds, given: Partial<Product> & { name: string }): Product {
  return {
    id: newId('prod'),
    object: 'product',
    active: true,
    created,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: created,
    url: null,
    ...given,
  };
}

export function newPrice(created: Seconds, given: Partial<Price> & { product: string; currency: string; unit_amount: number }): Price {
  return {
    id: newId('price'),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    recurring: null,
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: given.recurring ? 'recurring' : 'one_time',
    unit_amount_decimal: String(given.unit_amount),
    ...given,
  };
}

export function newRecurrence(interval: 'day' | 'week' | 'month' | 'year', count: number): NonNullable<Price['recurring']> {
  return { interval, interval_count: count, meter: null, trial_period_days: null, usage_type: 'licensed' };
}

type CurrencyOption = NonNullable<Price['currency_options']>[string];

export function newCurrencyOption(amount: number, taxBehavior: CurrencyOption['tax_behavior']): CurrencyOption {
  return { custom_unit_amount: null, tax_behavior: taxBehavior, unit_amount: amount, unit_amount_decimal: String(amount) };
}

/** The older form of a recurring price, which subscription items still carry. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

/** The product and the prices that are always there. */
export const PRO_PRODUCT_ID = 'prod_simulated_pro';
export const PRO_PRICE_ID = 'price_simulated_pro';
export const PRO_ANNUAL_PRICE_ID = 'price_simulated_pro_annual';
export const PRO_ANNUAL_LOOKUP_KEY = 'pro_annual';
