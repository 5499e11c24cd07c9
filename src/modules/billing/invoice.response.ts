import { ApiProperty } from '@nestjs/swagger';
import type { StripeInvoice } from '../../integrations/stripe/index.js';

export class InvoiceResponse {
  @ApiProperty({ example: 'in_1a2b3c' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'A1B2C3-0001' })
  readonly number!: string | null;

  @ApiProperty({ example: 'paid', description: '`draft`, `open`, `paid`, `uncollectible` or `void`.' })
  readonly status!: string;

  @ApiProperty({
    type: 'integer',
    example: 999,
    description: 'Amount in the smallest unit of the currency, as Stripe writes it: https://docs.stripe.com/currencies.',
  })
  readonly amount_due!: number;

  @ApiProperty({ type: 'integer', example: 999 })
  readonly amount_paid!: number;

  @ApiProperty({ type: 'integer', example: 0, description: 'The taxes in the total.' })
  readonly tax!: number;

  @ApiProperty({ type: 'integer', example: 0, description: 'What discounts took off.' })
  readonly discount!: number;

  @ApiProperty({ type: 'integer', example: 0, description: 'What was refunded of the payment.' })
  readonly amount_refunded!: number;

  @ApiProperty({ example: 'usd' })
  readonly currency!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.000Z' })
  readonly period_start!: string;

  @ApiProperty({ format: 'date-time', example: '2026-12-22T20:15:03.000Z' })
  readonly period_end!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.000Z' })
  readonly created_at!: string;

  @ApiProperty({ type: String, nullable: true, example: 'https://invoice.stripe.com/i/a1b2c3' })
  readonly invoice_url!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'https://pay.stripe.com/receipts/a1b2c3',
    description: 'The receipt of the payment; null before it.',
  })
  readonly receipt_url!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'https://pay.stripe.com/invoice/a1b2c3/pdf' })
  readonly pdf_url!: string | null;
}

export const toInvoiceResponse = (invoice: StripeInvoice): InvoiceResponse => ({
  id: invoice.id,
  number: invoice.number,
  status: invoice.status,
  amount_due: invoice.amountDue,
  amount_paid: invoice.amountPaid,
  tax: invoice.tax,
  discount: invoice.discount,
  amount_refunded: invoice.refunded,
  currency: invoice.currency,
  period_start: invoice.periodStart.toISOString(),
  period_end: invoice.periodEnd.toISOString(),
  created_at: invoice.createdAt.toISOString(),
  invoice_url: invoice.hostedUrl,
  receipt_url: invoice.receiptUrl,
  pdf_url: invoice.pdfUrl,
});
