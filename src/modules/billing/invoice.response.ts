import { ApiProperty } from '@nestjs/swagger';
import type { StripeInvoice } from '../../integrations/stripe/index.js';

export class InvoiceResponse {
  @ApiProperty({ example: 'in_1a2b3c' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'A1B2C3-0001' })
  readonly number!: string | null;

  @ApiProperty({ example: 'paid', description: '`draft`, `open`, `paid`, `uncollectible` or `void`.' })
  readonly status!: string;

  @ApiProperty({ type: 'integer', example: 999, description: 'Amount in the smallest unit of the currency.' })
  readonly amount_due!: number;

  @ApiProperty({ type: 'integer', example: 999 })
  readonly amount_paid!: number;

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

  @ApiProperty({ type: String, nullable: true, example: 'https://pay.stripe.com/invoice/a1b2c3/pdf' })
  readonly pdf_url!: string | null;
}

export const toInvoiceResponse = (invoice: StripeInvoice): InvoiceResponse => ({
  id: invoice.id,
  number: invoice.number,
  status: invoice.status,
  amount_due: invoice.amountDue,
  amount_paid: invoice.amountPaid,
  currency: invoice.currency,
  period_start: invoice.periodStart.toISOString(),
  period_end: invoice.periodEnd.toISOString(),
  created_at: invoice.createdAt.toISOString(),
  invoice_url: invoice.hostedUrl,
  pdf_url: invoice.pdfUrl,
});
