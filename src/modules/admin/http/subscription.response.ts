import { ApiProperty } from '@nestjs/swagger';
import type { Plan } from '../../../common/actor.js';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, type PageQuery, toPage } from '../../../common/http/page.js';
import type { SubscriptionStatus } from '../../subscriptions/index.js';
import type { OverdueCustomer } from '../../billing/index.js';
import type { Entitlement } from '../entitlements.repository.js';

export class EntitlementResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-8c1d-7b32-a0f4-1b2c3d4e5f60' })
  readonly id!: string;

  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ example: 'ada.lovelace' })
  readonly username!: string;

  @ApiProperty({ enum: ['stripe', 'grant'], example: 'grant' })
  readonly kind!: 'stripe' | 'grant';

  @ApiProperty({ description: 'Stripe’s status; a grant is active, expired or revoked.', example: 'active' })
  readonly status!: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  readonly stripe_subscription_id!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The end of the time for which it entitles to Pro; null when it does not.',
    example: '2026-12-23T00:00:00.000Z',
  })
  readonly active_until!: string | null;

  @ApiProperty({ description: 'Whether it ends at `active_until`, because it was cancelled.', example: false })
  readonly cancel_at_period_end!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'The reason for a grant.', example: 'A tester.' })
  readonly reason!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;
}

export class EntitlementPage extends PageOf(EntitlementResponse) {}

export class AccountSubscriptionResponse {
  @ApiProperty({ enum: ['basic', 'pro'], example: 'pro' })
  readonly plan!: Plan;

  @ApiProperty({ description: 'Stripe’s status; `none` without a subscription.', example: 'none' })
  readonly status!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-12-23T00:00:00.000Z' })
  readonly active_until!: string | null;

  @ApiProperty({ example: false })
  readonly cancel_at_period_end!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, description: 'null means no limit.', example: null })
  readonly daily_limit!: number | null;

  @ApiProperty({ type: 'integer', example: 3 })
  readonly used_today!: number;
}

export const toAccountSubscriptionResponse = (status: SubscriptionStatus): AccountSubscriptionResponse => ({
  plan: status.plan,
  status: status.status,
  active_until: status.activeUntil?.toISOString() ?? null,
  cancel_at_period_end: status.cancelAtPeriodEnd,
  daily_limit: status.dailyLimit,
  used_today: status.usedToday,
});

export const toEntitlementPage = (rows: readonly Entitlement[], { limit }: PageQuery): Page<EntitlementResponse> =>
  toPage(rows, limit ?? DEFAULT_PAGE_SIZE, ({ createdAt, id }) => [createdAt.toISOString(), id], toEntitlementResponse);

const toEntitlementResponse = (row: Entitlement): EntitlementResponse => ({
  id: row.id,
  user_id: row.userId,
  username: row.username,
  kind: row.kind,
  status: row.status,
  stripe_subscription_id: row.stripeSubscriptionId ?? null,
  active_until: row.entitledUntil?.toISOString() ?? null,
  cancel_at_period_end: row.cancelAtPeriodEnd,
  reason: row.reason ?? null,
  created_at: row.createdAt.toISOString(),
});

export class OverdueCustomerResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ example: 'ada' })
  readonly username!: string;

  @ApiProperty({ example: 'cus_TSVb3hKvQ2T9Zz' })
  readonly stripe_customer_id!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Stripe’s last word on the subscription; null without one.',
    example: 'active',
  })
  readonly status!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-22T18:15:03.120Z' })
  readonly synced_at!: string | null;

  @ApiProperty({ format: 'date-time', description: 'When the sync run was to begin.', example: '2026-11-22T20:15:03.120Z' })
  readonly due_at!: string;
}

export class OverdueCustomerPage extends PageOf(OverdueCustomerResponse) {}

export const toOverdueCustomerPage = (rows: readonly OverdueCustomer[], { limit }: PageQuery): Page<OverdueCustomerResponse> =>
  toPage(
    rows,
    limit ?? DEFAULT_PAGE_SIZE,
    ({ dueAt, userId }) => [dueAt.toISOString(), userId],
    (row) => ({
      user_id: row.userId,
      username: row.username,
      stripe_customer_id: row.stripeCustomerId,
      status: row.status,
      synced_at: row.syncedAt?.toISOString() ?? null,
      due_at: row.dueAt.toISOString(),
    }),
  );
