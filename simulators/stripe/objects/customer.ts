import type { Seconds } from '../clock.js';
import { newId, randomText } from '../ids.js';
import type { Customer, TaxId } from '../wire.js';

export function newCustomer(created: Seconds, given: Partial<Customer>): Customer {
  return {
    id: newId('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
    ...given,
  };
}

export function newTaxId(created: Seconds, customer: string, type: TaxId['type'], value: string): TaxId {
  return {
    id: newId('txi'),
    object: 'tax_id',
    country: value.slice(0, 2).toUpperCase(),
    created,
    customer,
    customer_account: null,
    livemode: false,
    owner: { customer, customer_account: null, type: 'customer' },
    type,
    value,
    verification: { status: 'verified', verified_address: null, verified_name: null },
  };
}
