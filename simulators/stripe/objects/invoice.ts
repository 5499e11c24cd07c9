import type { Seconds } from '../clock.js';
import { formatAmount } from '../currencies.js';
import { newId } from '../ids.js';
import type { Customer, Invoice, InvoiceItem, InvoiceLine, InvoicePayment, Price, Subscription, SubscriptionItem } from '../wire.js';
import type { Period } from './subscription.js';

export function newInvoice(
  created: Seconds,
  customer: Customer,
  lines: (invoice: string) => InvoiceLine[],
  given: Partial<Invoice> & { currency: string },
): Invoice {
  const id = newId('in');
  const data = lines(id);
  const { subtotal, discounts, taxes, total } = totalsOf(data);
  const due = Math.max(0, total);
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Simulated account',
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: 'manual',
    collection_method: 'charge_automatically',
    created,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: 'list', data, has_more: false, url: `/v1/invoices/${id}/lines` },
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: created,
    period_start: created,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal,
    subtotal_excluding_tax: subtotal - taxes.inclusive,
    test_clock: null,
    total,
    total_discount_amounts: discounts,
    total_excluding_tax: total - taxes.exclusive - taxes.inclusive,
    total_pretax_credit_amounts: [],
    total_taxes: taxes.all,
    webhooks_delivered_at: null,
    ...given,
  };
}

/** The sums of what its lines cost, take off and are taxed with. */
function totalsOf(lines: readonly InvoiceLine[]) {
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const off = new Map<string, number>();
  for (const { amount, discount } of lines.flatMap((line) => line.discount_amounts ?? []))
    off.set(discount, (off.get(discount) ?? 0) + amount);
  const all = lines.flatMap((line) => line.taxes ?? []);
  const sumOf = (behavior: string): number =>
    all.filter((tax) => tax.tax_behavior === behavior).reduce((sum, { amount }) => sum + amount, 0);
  const taxes = { all, exclusive: sumOf('exclusive'), inclusive: sumOf('inclusive') };
  const discounts = [...off].map(([discount, amount]) => ({ amount, discount }));
  return { subtotal, discounts, taxes, total: subtotal - discounts.reduce((sum, { amount }) => sum + amount, 0) + taxes.exclusive };
}

function newLine(
  invoice: string,
  given: Pick<
    InvoiceLine,
    'amount' | 'currency' | 'description' | 'parent' | 'period' | 'quantity' | 'pricing' | 'subscription' | 'metadata'
  >,
): InvoiceLine {
  return {
    id: newId('il'),
    object: 'line_item',
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    pretax_credit_amounts: [],
    quantity_decimal: given.quantity === null ? null : String(given.quantity),
    subtotal: given.amount,
    taxes: [],
    ...given,
  };
}

const pricingOf = (price: Price): NonNullable<InvoiceLine['pricing']> => ({
  price_details: { price: price.id, product: price.product },
  type: 'price_details',
  unit_amount_decimal: price.unit_amount_decimal,
});

export function lineOfItem(
  invoice: string,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
  free: boolean,
  productName: string,
): InvoiceLine {
  const quantity = item.quantity ?? 1;
  const amount = free ? 0 : (item.price.unit_amount ?? 0) * quantity;
  return newLine(invoice, {
    amount,
    currency: item.price.currency,
    description: free ? `Trial period for ${productName}` : `${quantity} × ${productName} (at ${cadence(item.price)})`,
    metadata: subscription.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item: item.id,
      },
      type: 'subscription_item_details',
    },
    period,
    pricing: pricingOf(item.price),
    quantity,
    subscription: subscription.id,
  });
}

export function lineOfInvoiceItem(invoice: string, item: InvoiceItem): InvoiceLine {
  return newLine(invoice, {
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    metadata: {},
    parent: {
      invoice_item_details: {
        invoice_item: item.id,
        proration: item.proration,
        proration_details: { credited_items: null },
        subscription: item.parent?.subscription_details?.subscription ?? null,
      },
      subscription_item_details: null,
      type: 'invoice_item_details',
    },
    period: item.period,
    pricing: item.pricing === null ? null : { type: 'price_details', unit_amount_decimal: item.pricing.unit_amount_decimal },
    quantity: item.quantity,
    subscription: item.parent?.subscription_details?.subscription ?? null,
  });
}

export function lineOfPrice(invoice: string, at: Seconds, price: Price, quantity: number, productName: string): InvoiceLine {
  return newLine(invoice, {
    amount: (price.unit_amount ?? 0) * quantity,
    currency: price.currency,
    description: productName,
    metadata: {},
    parent: null,
    period: { start: at, end: at },
    pricing: pricingOf(price),
    quantity,
    subscription: null,
  });
}

export function newInvoiceItem(
  created: Seconds,
  given: {
    customer: string;
    amount: number;
    currency: string;
    description: string | null;
    invoice: string | null;
    metadata: Record<string, string>;
  },
): InvoiceItem {
  return {
    id: newId('ii'),
    object: 'invoiceitem',
    customer_account: null,
    date: created,
    discountable: true,
    discounts: [],
    livemode: false,
    net_amount: given.amount,
    parent: null,
    period: { start: created, end: created },
    pricing: { type: 'price_details', unit_amount_decimal: String(given.amount) },
    proration: false,
    quantity: 1,
    quantity_decimal: '1',
    tax_rates: [],
    test_clock: null,
    ...given,
  };
}

/** A part of a period that is given back (a negative amount) or billed because the subscription has changed. */
export function newProration(
  created: Seconds,
  subscription: Subscription,
  item: SubscriptionItem,
  given: { amount: number; description: string; end: Seconds },
): InvoiceItem {
  const { amount, description, end } = given;
  return {
    ...newInvoiceItem(created, {
      customer: subscription.customer,
      amount,
      currency: item.price.currency,
      description,
      invoice: null,
      metadata: {},
    }),
    parent: { subscription_details: { subscription: subscription.id, subscription_item: item.id }, type: 'subscription_details' },
    period: { start: created, end },
    proration: true,
  };
}

export function newInvoicePayment(created: Seconds, invoice: Invoice, intent: string): InvoicePayment {
  return {
    id: newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  };
}

/** `$9.99 / 30 days` */
export function cadence(price: Price): string {
  const amount = formatAmount(price.unit_amount ?? 0, price.currency);
  if (price.recurring === null) return amount;
  const { interval, interval_count: count } = price.recurring;
  return `${amount} / ${count === 1 ? interval : `${count} ${interval}s`}`;
}
