import type Stripe from 'stripe';
import type { StripeConnection } from './stripe.connection.js';

/** A payment that has to be given back. */
interface OwedRefund {
  readonly paymentIntentId: string;
  /** The refund that was made; null before. */
  readonly stripeRefundId: string | null;
  /** The refunds of the payment that were refused or failed. */
  readonly attempts: number;
}

/**
 * `pending`: a bank has not decided on the refund. `unpaid`: it has not decided on the payment. `not_needed`: the
 * payment was never made, or a bank has taken it back.
 */
interface RefundResult {
  readonly state: 'refunded' | 'pending' | 'failed' | 'unpaid' | 'not_needed';
  readonly refundId: string | null;
}

export class RefundsClient {
  constructor(private readonly stripe: StripeConnection) {}

  /**
   * Refunds a payment in full, or reads the refund that was made. The same attempt makes one refund.
   *
   * @throws StripeRefusalError, for example while a bank disputes the payment
   */
  refund({ paymentIntentId, stripeRefundId, attempts }: OwedRefund): Promise<RefundResult> {
    return this.stripe.request(async () => {
      if (stripeRefundId !== null) return toRefundResult(await this.stripe.sdk.refunds.retrieve(stripeRefundId));
      const paid = await this.stateOfPayment(paymentIntentId);
      if (paid !== 'paid') return { state: paid, refundId: null };
      const idempotencyKey = `refund-${paymentIntentId}${attempts === 0 ? '' : `-${attempts}`}`;
      return toRefundResult(await this.stripe.sdk.refunds.create({ payment_intent: paymentIntentId }, { idempotencyKey }));
    });
  }

  /** `paid`: it can be refunded. */
  private async stateOfPayment(paymentIntentId: string): Promise<'paid' | Exclude<RefundResult['state'], 'pending' | 'failed'>> {
    const { status, latest_charge: charge } = await this.stripe.sdk.paymentIntents.retrieve(paymentIntentId, { expand: ['latest_charge'] });
    if (status === 'canceled' || status === 'requires_payment_method') return 'not_needed';
    if (status !== 'succeeded' || charge === null || typeof charge === 'string') return 'unpaid';
    if (charge.refunded) return 'refunded';
    if (!charge.disputed) return 'paid';
    const { data } = await this.stripe.sdk.disputes.list({ charge: charge.id, limit: 10 });
    return data.some((dispute) => dispute.status === 'lost') ? 'not_needed' : 'paid';
  }
}

const REFUND_STATES: Readonly<Record<string, RefundResult['state']>> = { succeeded: 'refunded', failed: 'failed', canceled: 'failed' };

const toRefundResult = ({ id, status }: Stripe.Refund): RefundResult => ({
  state: REFUND_STATES[status ?? ''] ?? 'pending',
  refundId: id,
});
