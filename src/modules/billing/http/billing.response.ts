import { ApiProperty } from '@nestjs/swagger';
import type { Plan } from '../../../common/actor.js';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, type PageQuery, toPage } from '../../../common/http/page.js';
import { PRICE_INTERVALS, type StripeInvoice } from '../../../integrations/stripe/index.js';
import { type OpenInvoice, type PaidPrice, SUBSCRIPTION_STATUSES, type SubscriptionStatus } from '../../subscriptions/index.js';
import type { OpenCheckout } from '../checkouts.service.js';
import { InvoiceResponse, toInvoiceResponse } from '../invoice.response.js';

const STATUSES = ['none', ...SUBSCRIPTION_STATUSES] as const;

export class CheckoutResponse {
  @ApiProperty({
    example: 'https://checkout.stripe.com/c/pay/cs_test_a1b2c3',
    description: 'The address of the payment page, for the browser.',
  })
  readonly checkout_url!: string;

  @ApiProperty({ example: 'cs_test_a1b2c3' })
  readonly session_id!: string;
}

export class PortalResponse {
  @ApiProperty({ example: 'https://billing.stripe.com/p/session/a1b2c3', description: 'Valid for a few minutes and for this user only.' })
  readonly portal_url!: string;
}

class PaidPriceResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'monthly',
    description: 'The key by which `GET /plans` lists the price; null for a price that is not sold any more.',
  })
  readonly key!: string | null;

  @ApiProperty({ type: 'integer', example: 999, description: 'The amount of one period in the smallest unit of the currency.' })
  readonly amount!: number;

  @ApiProperty({ example: 'usd' })
  readonly currency!: string;

  @ApiProperty({ enum: PRICE_INTERVALS, example: 'month' })
  readonly interval!: string;

  @ApiProperty({ type: 'integer', example: 1, description: 'How many intervals a period has.' })
  readonly interval_count!: number;
}

class OpenInvoiceResponse {
  @ApiProperty({ example: 'https://invoice.stripe.com/i/a1b2c3', description: 'The page of Stripe on which it can be paid or confirmed.' })
  readonly url!: string;

  @ApiProperty({ type: 'integer', example: 999, description: 'What is left to pay, in the smallest unit of the currency.' })
  readonly amount!: number;

  @ApiProperty({ example: 'usd' })
  readonly currency!: string;

  @ApiProperty({
    enum: ['payment_failed', 'action_required'],
    example: 'payment_failed',
    description: '`payment_failed`: another payment method is needed. `action_required`: the bank wants the payer to confirm the payment.',
  })
  readonly reason!: OpenInvoice['reason'];
}

export class SubscriptionStatusResponse {
  @ApiProperty({ enum: ['basic', 'pro'], example: 'pro' })
  readonly plan!: Plan;

  @ApiProperty({ enum: STATUSES, example: 'active', description: 'The status of the subscription at Stripe; `none` without one.' })
  readonly status!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-12-22T20:15:03.000Z',
    description: 'The end of Pro if nothing else happens. A subscription that is not cancelled renews then. Null on the Basic plan.',
  })
  readonly active_until!: string | null;

  @ApiProperty({ example: false })
  readonly cancel_at_period_end!: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'The end of the trial, when the first payment is due; null unless a trial is running.',
  })
  readonly trial_end!: string | null;

  @ApiProperty({ type: PaidPriceResponse, nullable: true, description: 'What the subscription costs; null without one that goes on.' })
  readonly price!: PaidPriceResponse | null;

  @ApiProperty({
    type: OpenInvoiceResponse,
    nullable: true,
    example: null,
    description: 'The invoice that the payer has to do something about; null for none.',
  })
  readonly open_invoice!: OpenInvoiceResponse | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'Messages per UTC day; null for no limit.' })
  readonly daily_limit!: number | null;

  @ApiProperty({ type: 'integer', example: 7 })
  readonly used_today!: number;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  readonly remaining_today!: number | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-23T00:00:00.000Z' })
  readonly resets_at!: string;
}

export class InvoicePage extends PageOf(InvoiceResponse) {}

export class ReceivedResponse {
  @ApiProperty({ example: true })
  readonly received!: true;
}

export const toCheckoutResponse = ({ url, sessionId }: OpenCheckout): CheckoutResponse => ({ checkout_url: url, session_id: sessionId });

export const toStatusResponse = (status: SubscriptionStatus): SubscriptionStatusResponse => ({
  plan: status.plan,
  // A status that is new at Stripe entitles to nothing, so it is shown as none.
  status: STATUSES.find((known) => known === status.status) ?? 'none',
  active_until: status.activeUntil?.toISOString() ?? null,
  cancel_at_period_end: status.cancelAtPeriodEnd,
  trial_end: status.trialEnd?.toISOString() ?? null,
  price: status.price && toPaidPriceResponse(status.price),
  open_invoice: status.openInvoice && toOpenInvoiceResponse(status.openInvoice),
  daily_limit: status.dailyLimit,
  used_today: status.usedToday,
  remaining_today: status.remainingToday,
  resets_at: status.resetsAt.toISOString(),
});

const toPaidPriceResponse = ({ key, amount, currency, interval, interval_count }: PaidPrice): PaidPriceResponse => ({
  key,
  amount,
  currency,
  interval,
  interval_count,
});

const toOpenInvoiceResponse = ({ url, amount, currency, reason }: OpenInvoice): OpenInvoiceResponse => ({ url, amount, currency, reason });

export const toInvoicePage = (invoices: readonly StripeInvoice[], { limit = DEFAULT_PAGE_SIZE }: PageQuery): Page<InvoiceResponse> =>
  toPage(invoices, limit, ({ id }) => [id], toInvoiceResponse);
