import type { Seconds } from '../clock.js';
import { newId } from '../ids.js';
import type { CheckoutLine, CheckoutSession } from '../wire.js';
import type { OrderedPrice } from './subscription.js';

export function newCheckoutLine(ordered: OrderedPrice, productName: string): CheckoutLine {
  const amount = (ordered.price.unit_amount ?? 0) * ordered.quantity;
  return {
    id: newId('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: ordered.price.currency,
    description: productName,
    metadata: {},
    price: ordered.price,
    quantity: ordered.quantity,
  };
}

export function newCheckoutSession(
  created: Seconds,
  pages: string,
  given: Partial<CheckoutSession> & { mode: string; amount_total: number },
): CheckoutSession {
  const id = newId('cs');
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: given.amount_total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: null,
    client_reference_id: null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created,
    currency: null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: null,
    customer_account: null,
    customer_creation: given.mode === 'payment' ? 'if_required' : 'always',
    customer_details: null,
    customer_email: null,
    discounts: given.mode === 'setup' ? null : [],
    expires_at: created + 86_400,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: {},
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: given.mode === 'subscription' ? 'always' : 'if_required',
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: ['card', 'sepa_debit'],
    payment_status: 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options:
      given.mode === 'subscription'
        ? { allow_redisplay_filters: ['always'], payment_method_remove: 'disabled', payment_method_save: null }
        : null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: null,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${pages}/c/pay/${id}`,
    wallet_options: null,
    ...given,
  };
}
