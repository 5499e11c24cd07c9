import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, type PageQuery, toPage } from '../../../common/http/page.js';
import type { RefundEntity, RefundReason, RefundStatus } from '../../billing/index.js';

export class RefundResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string;

  @ApiProperty({ description: 'The payment at Stripe.', example: 'pi_1SVb3hKvQ2T9Zz' })
  readonly payment_intent_id!: string;

  @ApiProperty({ example: 'cus_TSVb3hKvQ2T9Zz' })
  readonly stripe_customer_id!: string;

  @ApiProperty({
    enum: ['duplicate', 'account_closed', 'account_reclaimed'],
    description:
      '`duplicate`: a second subscription. `account_closed`: paid when the account was gone. `account_reclaimed`: paid by somebody ' +
      'else before the holder of the number verified it.',
    example: 'duplicate',
  })
  readonly reason!: RefundReason;

  @ApiProperty({
    enum: ['owed', 'pending', 'refunded', 'not_needed'],
    description: '`not_needed`: the payment was never made, or a bank has taken it back.',
    example: 'owed',
  })
  readonly status!: RefundStatus;

  @ApiProperty({ type: 'integer', description: 'Refunds that Stripe refused, or that failed later.', example: 1 })
  readonly attempts!: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Error of the last failed attempt.',
    example: 'Stripe refused: charge_disputed',
  })
  readonly error!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null when it is settled.',
    example: '2026-11-22T20:19:03.000Z',
  })
  readonly next_attempt_at!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.000Z' })
  readonly created_at!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  readonly settled_at!: string | null;
}

export class RefundPage extends PageOf(RefundResponse) {}

export const toRefundPage = (rows: readonly RefundEntity[], { limit }: PageQuery): Page<RefundResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ createdAt, id }) => [createdAt.toISOString(), id], toRefundResponse);

const toRefundResponse = (refund: RefundEntity): RefundResponse => ({
  id: refund.id,
  payment_intent_id: refund.paymentIntentId,
  stripe_customer_id: refund.stripeCustomerId,
  reason: refund.reason,
  status: refund.status,
  attempts: refund.attempts,
  error: refund.lastError,
  next_attempt_at: refund.settledAt === null ? refund.dueAt.toISOString() : null,
  created_at: refund.createdAt.toISOString(),
  settled_at: refund.settledAt?.toISOString() ?? null,
});
