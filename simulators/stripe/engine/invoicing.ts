/** The life of an invoice, from draft to paid, and what its payments do to the subscription that it bills. */
import { DAY } from '../clock.js';
import { randomText } from '../ids.js';
import { newInvoice, newInvoicePayment } from '../objects/invoice.js';
import { invalidRequest } from '../stripe-error.js';
import type { Customer, Invoice, InvoiceLine, PaymentIntent, PaymentMethod, Subscription, SubscriptionSchedule } from '../wire.js';
import type { World } from '../world.js';
import { withDiscounts } from './discounts.js';
import { cancelIntent, confirmIntent, createIntent, type PaymentResult } from './payments.js';
import { withTaxes } from './taxes.js';
import { fallBehind, giveUp, hasEnded, recover } from './subscription-state.js';

export function draftInvoice(
  world: World,
  customer: Customer,
  lines: (invoice: string) => InvoiceLine[],
  given: Partial<Invoice> & { currency: string },
): Invoice {
  const priced = (id: string): InvoiceLine[] => {
    const discounted = withDiscounts(world, lines(id), given.discounts ?? []);
    return given.automatic_tax?.enabled === true ? withTaxes(world, customer, discounted) : discounted;
  };
  return world.add('invoices', newInvoice(world.now(), customer, priced, given), 'invoice.created');
}

export function subscriptionOf(world: World, invoice: Invoice): Subscription | undefined {
  const id = invoice.parent?.subscription_details?.subscription;
  return id === undefined ? undefined : world.store.get('subscriptions', id);
}

export function intentOf(world: World, invoice: Invoice): PaymentIntent | undefined {
  const payment = world.store.find('invoice_payments', (one) => one.invoice === invoice.id && one.is_default);
  return payment === undefined ? undefined : world.store.get('payment_intents', payment.payment.payment_intent ?? '');
}

/**
 * Opens a draft: gives it its number, its page and its payment. One that asks for nothing is paid at once.
 * @param intent a payment that was made before the invoice (Checkout's first)
 */
export function finalizeInvoice(world: World, draft: Invoice, intent?: PaymentIntent): Invoice {
  if (draft.status !== 'draft')
    throw invalidRequest("This invoice is already finalized, you can't re-finalize a non-draft invoice.", { code: 'invoice_not_editable' });
  const customer = world.require('customers', draft.customer ?? '', 'customer');
  const sequence = customer.next_invoice_sequence ?? 1;
  // A credit (a negative balance) pays as much as it can; what an invoice gives back becomes one.
  const due = Math.max(0, draft.total + customer.balance);
  const balance = draft.total + customer.balance - due;
  world.change('customers', customer, {
    next_invoice_sequence: sequence + 1,
    currency: customer.currency ?? draft.currency,
    balance,
  });
  const token = randomText(32);
  world.add('invoice_tokens', { id: token, invoice: draft.id });
  const open = world.change(
    'invoices',
    draft,
    {
      status: 'open',
      number: `${customer.invoice_prefix ?? 'SIM'}-${String(sequence).padStart(4, '0')}`,
      effective_at: world.now(),
      automatically_finalizes_at: null,
      starting_balance: customer.balance,
      ending_balance: balance,
      amount_due: due,
      amount_remaining: due,
      hosted_invoice_url: `${world.address()}/i/${token}`,
      status_transitions: { ...draft.status_transitions, finalized_at: world.now() },
      webhooks_delivered_at: world.now(),
      ...(draft.collection_method === 'send_invoice' ? { due_date: draft.due_date ?? dueDate(world, draft) } : {}),
    },
    'invoice.finalized',
  );
  if (open.amount_due === 0) return markPaid(world, open);
  const payment = intent ?? createIntent(world, intentFor(world, open));
  world.add('invoice_payments', newInvoicePayment(world.now(), open, payment.id));
  return open;
}

function dueDate(world: World, invoice: Invoice): number {
  return world.now() + (subscriptionOf(world, invoice)?.days_until_due ?? 30) * DAY;
}

/** An invoice that was sent is unpaid on the day on which it is due. */
export function becomeOverdue(world: World, invoice: Invoice): void {
  world.emit('invoice.overdue', invoice);
  const subscription = subscriptionOf(world, invoice);
  if (subscription !== undefined) fallBehind(world, subscription);
}

function intentFor(world: World, invoice: Invoice): Parameters<typeof createIntent>[1] {
  const subscription = subscriptionOf(world, invoice);
  return {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description:
      subscription === undefined
        ? 'Payment for Invoice'
        : invoice.billing_reason === 'subscription_create'
          ? 'Subscription creation'
          : 'Subscription update',
    ...(subscription === undefined ? {} : { setup_future_usage: 'off_session' }),
  };
}

/** The card that pays when nobody names one. */
export function defaultMethod(world: World, invoice: Invoice): PaymentMethod | undefined {
  const customer = world.store.get('customers', invoice.customer ?? '');
  const id =
    invoice.default_payment_method ??
    subscriptionOf(world, invoice)?.default_payment_method ??
    customer?.invoice_settings.default_payment_method ??
    customer?.default_source;
  return id == null ? undefined : world.store.get('payment_methods', id);
}

/**
 * Charges an open invoice. Without a payment method the try fails without a charge; while a bank still decides on the
 * last one there is no other.
 */
export function chargeInvoice(world: World, invoice: Invoice, method = defaultMethod(world, invoice)): PaymentResult | undefined {
  const intent = intentOf(world, invoice);
  if (intent?.status === 'processing') return { outcome: 'processing', intent };
  if (intent === undefined || method === undefined) {
    paymentFailed(world, invoice);
    return undefined;
  }
  const result = confirmIntent(world, intent, method);
  applyPayment(world, result);
  return result;
}

/** Brings what happened to a payment to the invoice that it pays, and to its subscription. */
export function applyPayment(world: World, result: PaymentResult): void {
  const payment = world.store.find('invoice_payments', (one) => one.payment.payment_intent === result.intent.id);
  if (payment === undefined) return;
  const invoice = world.require('invoices', payment.invoice);
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') return;
  switch (result.outcome) {
    case 'succeeded':
      markPaid(world, invoice);
      return;
    case 'declined':
      paymentFailed(world, invoice);
      return;
    case 'requires_action':
      paymentFailed(world, invoice);
      world.emit('invoice.payment_action_required', world.require('invoices', invoice.id));
      return;
    case 'processing':
    case 'requires_capture':
      world.change('invoices', invoice, { attempted: true, next_payment_attempt: null });
  }
}

export function markPaid(world: World, invoice: Invoice): Invoice {
  const paid = world.change('invoices', invoice, {
    status: 'paid',
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempted: true,
    attempt_count: invoice.amount_due === 0 ? invoice.attempt_count : invoice.attempt_count + 1,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: world.now() },
  });
  world.emit('invoice.paid', paid);
  world.emit('invoice.payment_succeeded', paid);
  const payment = world.store.find('invoice_payments', (one) => one.invoice === invoice.id && one.is_default);
  if (payment !== undefined) {
    const transitions = { ...payment.status_transitions, paid_at: world.now() };
    world.change(
      'invoice_payments',
      payment,
      { status: 'paid', amount_paid: paid.amount_paid, status_transitions: transitions },
      'invoice_payment.paid',
    );
  }
  const subscription = subscriptionOf(world, paid);
  if (subscription !== undefined && subscription.latest_invoice === paid.id) recover(world, subscription);
  const customer = world.store.get('customers', paid.customer ?? '');
  if (customer?.delinquent === true) world.change('customers', customer, { delinquent: false }, 'customer.updated');
  return paid;
}

/**
 * A try failed, or asks for the customer, who is not there. A subscription's first invoice is not tried again: its
 * checkout is still open, or the subscription is incomplete, or (bank debits) active and stays so. A later one follows
 * the retry schedule.
 */
function paymentFailed(world: World, invoice: Invoice): void {
  const tries = invoice.attempt_count + 1;
  const subscription = subscriptionOf(world, invoice);
  const { billing_reason: reason } = invoice;
  const recurs =
    reason === 'subscription_create'
      ? isScheduled(world, subscription)
      : reason === 'subscription_cycle' || reason === 'subscription_update';
  const wait = recurs ? world.rules.retryDays[tries - 1] : undefined;
  const failed = world.change('invoices', invoice, {
    attempted: true,
    attempt_count: tries,
    next_payment_attempt: wait === undefined ? null : world.now() + wait * DAY,
  });
  world.emit('invoice.payment_failed', failed);
  if (!recurs) return;
  const customer = world.store.get('customers', failed.customer ?? '');
  if (customer !== undefined) world.change('customers', customer, { delinquent: true }, 'customer.updated');
  if (subscription === undefined) return;
  const behind = fallBehind(world, subscription);
  if (wait === undefined && hasEnded(giveUp(world, behind))) stopCollecting(world, behind);
}

/** A subscription that a schedule began has a first invoice that is collected as a renewal's. */
function isScheduled(world: World, subscription: Subscription | undefined): boolean {
  const isOf = (one: SubscriptionSchedule): boolean => [one.subscription, one.released_subscription].includes(subscription?.id ?? '');
  return world.store.find('schedules', isOf) !== undefined;
}

export function voidInvoice(world: World, invoice: Invoice): Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
    throw invalidRequest('You can only pass in open invoices. This invoice isn’t open.', { param: 'invoice' });
  closePayments(world, invoice);
  const transitions = { ...invoice.status_transitions, voided_at: world.now() };
  return world.change(
    'invoices',
    invoice,
    { status: 'void', auto_advance: false, next_payment_attempt: null, status_transitions: transitions },
    'invoice.voided',
  );
}

export function markUncollectible(world: World, invoice: Invoice): Invoice {
  if (invoice.status !== 'open') throw invalidRequest('You can only pass in open invoices. This invoice isn’t open.', { param: 'invoice' });
  const transitions = { ...invoice.status_transitions, marked_uncollectible_at: world.now() };
  const patch = { auto_advance: false, next_payment_attempt: null, status_transitions: transitions };
  return world.change('invoices', invoice, { ...patch, status: 'uncollectible' }, 'invoice.marked_uncollectible');
}

function closePayments(world: World, invoice: Invoice): void {
  for (const payment of world.store.all('invoice_payments')) {
    if (payment.invoice !== invoice.id || payment.status !== 'open') continue;
    const transitions = { ...payment.status_transitions, canceled_at: world.now() };
    world.change('invoice_payments', payment, { status: 'canceled', status_transitions: transitions });
    const intent = world.store.get('payment_intents', payment.payment.payment_intent ?? '');
    if (intent !== undefined && !['succeeded', 'canceled'].includes(intent.status)) cancelIntent(world, intent, 'void_invoice');
  }
}

/** After a subscription has ended nothing more is collected for it. */
export function stopCollecting(world: World, subscription: Subscription): void {
  for (const invoice of world.store.all('invoices')) {
    if (subscriptionOf(world, invoice)?.id !== subscription.id) continue;
    if (invoice.status !== 'open' && invoice.status !== 'draft') continue;
    world.change(
      'invoices',
      invoice,
      { auto_advance: false, next_payment_attempt: null, automatically_finalizes_at: null },
      'invoice.updated',
    );
  }
}
