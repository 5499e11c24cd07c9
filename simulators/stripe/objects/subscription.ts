import type { Seconds } from '../clock.js';
import { listedPrice } from '../hidden.js';
import { newId } from '../ids.js';
import type { Price, Subscription, SubscriptionItem } from '../wire.js';
import { planOf } from './catalogue.js';

export interface OrderedPrice {
  price: Price;
  quantity: number;
}

export interface Period {
  start: Seconds;
  end: Seconds;
}

export function newSubscriptionItem(subscription: string, created: Seconds, ordered: OrderedPrice, period: Period): SubscriptionItem {
  return {
    id: newId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(listedPrice(ordered.price)),
    price: ordered.price,
    quantity: ordered.quantity,
    subscription,
    tax_rates: [],
  };
}

export function newSubscription(
  created: Seconds,
  ordered: OrderedPrice[],
  period: Period,
  given: Partial<Subscription> & { customer: string; currency: string; status: Subscription['status'] },
): Subscription {
  const id = newId('sub');
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: period.start,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created,
    customer_account: null,
    days_until_due: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: { type: 'self' } },
    items: {
      object: 'list',
      data: ordered.map((one) => newSubscriptionItem(id, created, one, period)),
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off' },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: created,
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' } },
    trial_start: null,
    ...given,
  };
}

/** The period that all items of a subscription share here. */
export function periodOf(subscription: Subscription): Period {
  const item = subscription.items.data[0];
  return { start: item?.current_period_start ?? subscription.start_date, end: item?.current_period_end ?? subscription.start_date };
}

export function withPeriod(subscription: Subscription, period: Period): Pick<Subscription, 'items'> {
  const data = subscription.items.data.map((item) => ({ ...item, current_period_start: period.start, current_period_end: period.end }));
  return { items: { ...subscription.items, data } };
}
