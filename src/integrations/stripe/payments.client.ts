import type Stripe from 'stripe';
import type { PricesClient } from './prices.client.js';
import { clockOf, PAGE, type StripeConnection } from './stripe.connection.js';
import { type DisputeState, idOf, intentOf, type OpenInvoice, type SubscriptionPayment, type ToOurTime } from './stripe-objects.js';

/** A bound on what is held in memory, above the number that any customer has. */
const MAX_PAYMENTS = 1_000;
const MAX_CHARGES = 1_000;
/** Above the time that any bank takes to decide on a debit. */
const LONGEST_DEBIT_MS = 30 * 86_400_000;
/** Inquiries (`warning_…`) take no money. An appeal may still win a dispute that was lost. */
const OPEN_DISPUTES = new Set(['needs_response', 'under_review', 'appeal_needs_response', 'appeal_under_review']);

/** What became of a customer's payments. */
export interface CustomerPayments {
  /** The open invoice of each subscription, by the id of the subscription. */
  readonly openInvoices: ReadonlyMap<string, OpenInvoice>;
  /** The newest charge of each payment intent, by the id of the intent. */
  readonly charges: ReadonlyMap<string, Stripe.Charge>;
  /** The state of each dispute, by the id of the subscription whose invoice was disputed. */
  readonly disputes: ReadonlyMap<string, DisputeState>;
}

/** What became of the payments of customers: charges, disputes, and invoices that are open. */
export class PaymentsClient {
  constructor(
    private readonly stripe: StripeConnection,
    private readonly prices: PricesClient,
  ) {}

  /** Reads all charges of a customer at once, because a dispute may be about an invoice of months ago. */
  async read(customer: string, live: readonly Stripe.Subscription[]): Promise<CustomerPayments> {
    const charges = new Map<string, Stripe.Charge>();
    const disputes = new Map<string, DisputeState>();
    const list = await this.stripe.sdk.charges.list({ customer, limit: PAGE }).autoPagingToArray({ limit: MAX_CHARGES });
    for (const charge of list) {
      const intent = idOf(charge.payment_intent);
      if (intent === null) continue;
      if (!charges.has(intent)) charges.set(intent, charge);
      if (!charge.disputed) continue;
      const dispute = await this.findDispute(charge.id);
      const subscription = dispute && (await this.findSubscriptionOf(intent, live));
      if (dispute && subscription !== null && disputes.get(subscription) !== 'lost') disputes.set(subscription, dispute);
    }
    return { charges, disputes, openInvoices: await this.findOpenInvoices(live) };
  }

  /**
   * The payments of a customer for Pro that may have taken money at `since` or later: those that a bank has not decided
   * on, and those that were made then. A debit takes the money when the bank decides, days after it was begun.
   *
   * @param options.withRunning adds those for a period that ends after `since`
   */
  listSince(stripeCustomerId: string, since: Date, { withRunning = false } = {}): Promise<string[]> {
    return this.stripe.request(async () => {
      const list = this.stripe.sdk.paymentIntents.list({ customer: stripeCustomerId, limit: PAGE, expand: ['data.latest_charge'] });
      const at = clockOf((await list).lastResponse.headers['date']);
      const intents = await list.autoPagingToArray({ limit: MAX_PAYMENTS });
      const found: string[] = [];
      for (const intent of intents) {
        const isFound = (await this.mayTakeMoney(intent, since, at)) || (withRunning && (await this.isForLater(intent, since, at)));
        if (isFound && (await this.mayBePro(intent.id))) found.push(intent.id);
      }
      return found;
    });
  }

  /** The customer of a charge; null for a charge without one, or one that Stripe does not know. */
  findCustomerOfCharge(chargeId: string): Promise<string | null> {
    return this.stripe.requestOrNull(async () => idOf((await this.stripe.sdk.charges.retrieve(chargeId)).customer));
  }

  private async mayTakeMoney({ id, status, latest_charge: charge }: Stripe.PaymentIntent, since: Date, at: ToOurTime): Promise<boolean> {
    if (status === 'processing') return true;
    if (status !== 'succeeded' || charge === null || typeof charge === 'string' || charge.refunded) return false;
    if (at(charge.created) >= since) return true;
    if (charge.payment_method_details?.type === 'card' || at(charge.created).getTime() < since.getTime() - LONGEST_DEBIT_MS) return false;
    const payment = { type: 'payment_intent', payment_intent: id } as const;
    const { data } = await this.stripe.sdk.invoicePayments.list({ payment, limit: 1 });
    const paidAt = data[0]?.status_transitions.paid_at ?? null;
    return paidAt !== null && at(paidAt) >= since;
  }

  private async mayBePro(intent: string): Promise<boolean> {
    const invoice = await this.findInvoiceOf(intent);
    return invoice === null || this.prices.mayBill(invoice);
  }

  /** Whether a payment that was made, and not refunded, is for a period that ends after `since`. */
  private async isForLater({ id, status, latest_charge: charge }: Stripe.PaymentIntent, since: Date, at: ToOurTime): Promise<boolean> {
    if (status !== 'succeeded' || charge === null || typeof charge === 'string' || charge.refunded) return false;
    const invoice = await this.findInvoiceOf(id);
    return invoice?.lines.data.some(({ period }) => at(period.end) > since) === true;
  }

  /** Asks only about invoices that are open, which are few. */
  private async findOpenInvoices(live: readonly Stripe.Subscription[]): Promise<ReadonlyMap<string, OpenInvoice>> {
    const found = new Map<string, OpenInvoice>();
    for (const { id, latest_invoice: invoice, collection_method: method } of live) {
      const intent = intentOf(invoice);
      if (invoice === null || typeof invoice === 'string' || invoice.status !== 'open' || intent === null) continue;
      if (method === 'send_invoice' || invoice.hosted_invoice_url == null) continue;
      const { status } = await this.stripe.sdk.paymentIntents.retrieve(intent);
      const reason = status === 'requires_action' ? 'action_required' : status === 'requires_payment_method' ? 'payment_failed' : null;
      if (reason === null) continue;
      found.set(id, { url: invoice.hosted_invoice_url, amount: invoice.amount_remaining, currency: invoice.currency, reason });
    }
    return found;
  }

  private async findDispute(charge: string): Promise<DisputeState | null> {
    const { data } = await this.stripe.sdk.disputes.list({ charge, limit: PAGE });
    if (data.some(({ status }) => status === 'lost')) return 'lost';
    return data.some(({ status }) => OPEN_DISPUTES.has(status)) ? 'open' : null;
  }

  /** The subscription whose invoice a payment intent paid; null for none. */
  private async findSubscriptionOf(intent: string, live: readonly Stripe.Subscription[]): Promise<string | null> {
    const newest = live.find(({ latest_invoice: invoice }) => intentOf(invoice) === intent);
    if (newest) return newest.id;
    return idOf((await this.findInvoiceOf(intent))?.parent?.subscription_details?.subscription);
  }

  private async findInvoiceOf(intent: string): Promise<Stripe.Invoice | null> {
    const { data } = await this.stripe.sdk.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: intent },
      expand: ['data.invoice'],
      limit: 1,
    });
    const invoice = data[0]?.invoice;
    return typeof invoice === 'object' && !('deleted' in invoice) ? invoice : null;
  }
}

export function paymentOf(
  invoice: Stripe.Subscription['latest_invoice'],
  charges: CustomerPayments['charges'],
): SubscriptionPayment | null {
  const paymentIntentId = intentOf(invoice);
  if (invoice === null || typeof invoice === 'string' || paymentIntentId === null) return null;
  return {
    paymentIntentId,
    state: stateOf(charges.get(paymentIntentId)),
    isFirst: invoice.billing_reason === 'subscription_create',
  };
}

function stateOf(newest: Stripe.Charge | undefined): SubscriptionPayment['state'] {
  if (newest === undefined) return 'unconfirmed';
  if (newest.status === 'pending') return 'pending';
  if (newest.status === 'failed') return 'failed';
  return newest.refunded ? 'refunded' : 'paid';
}
