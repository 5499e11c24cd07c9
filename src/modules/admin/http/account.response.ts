import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE, type Page, PageOf, toPage } from '../../../common/http/page.js';
import { toUserResponse, UserResponse } from '../../users/index.js';
import { type Account, accountKey } from '../admin-users.repository.js';
import type { AccountDetails } from '../admin-users.service.js';
import { accountSort, type ListAccountsQuery } from './account.request.js';
import { AccountSubscriptionResponse, toAccountSubscriptionResponse } from './subscription.response.js';

export class AccountResponse extends UserResponse {
  @ApiProperty({ example: false })
  readonly disabled!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  readonly disabled_at!: string | null;
}

export class AccountPage extends PageOf(AccountResponse) {}

class AccountUsageResponse {
  @ApiProperty({ type: 'integer', description: 'Messages charged on this UTC day.', example: 3 })
  readonly messages_today!: number;

  @ApiProperty({ type: 'integer', description: 'Messages charged in the last 30 UTC days, this day included.', example: 41 })
  readonly messages_30_days!: number;

  @ApiProperty({ type: 'integer', description: 'Replies that are pending or streaming.', example: 0 })
  readonly unfinished_replies!: number;
}

class AccountSessionResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-9b3c-7a54-8f10-6d2e1c0b9a87' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Firefox/145.0' })
  readonly device!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  readonly ip!: string | null;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T20:15:03.120Z' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T21:00:41.005Z' })
  readonly last_used_at!: string;
}

export class AccountDetailsResponse extends AccountResponse {
  @ApiProperty({ type: AccountUsageResponse })
  readonly usage!: AccountUsageResponse;

  @ApiProperty({ type: AccountSubscriptionResponse })
  readonly subscription!: AccountSubscriptionResponse;

  @ApiProperty({ type: 'integer', example: 4 })
  readonly chatroom_count!: number;

  @ApiProperty({ type: [AccountSessionResponse], description: 'Live sessions, newest first, at most 50.' })
  readonly sessions!: AccountSessionResponse[];
}

const toAccountResponse = (account: Account): AccountResponse =>
  Object.assign(toUserResponse(account), {
    disabled: account.disabledAt !== null,
    disabled_at: account.disabledAt?.toISOString() ?? null,
  });

export const toAccountPage = (rows: readonly Account[], query: ListAccountsQuery): Page<AccountResponse> =>
  toPage(rows, query.limit ?? DEFAULT_PAGE_SIZE, (row) => accountKey(accountSort(query), row), toAccountResponse);

export const toAccountDetailsResponse = ({ account, stats, subscription, sessions }: AccountDetails): AccountDetailsResponse =>
  Object.assign(toAccountResponse(account), {
    usage: {
      messages_today: stats.messages_today,
      messages_30_days: stats.messages_30_days,
      unfinished_replies: stats.unfinished_replies,
    },
    subscription: toAccountSubscriptionResponse(subscription),
    chatroom_count: stats.chatroom_count,
    sessions: sessions.map(({ id, device, ip, createdAt, lastUsedAt }) => ({
      id,
      device,
      ip,
      created_at: createdAt.toISOString(),
      last_used_at: lastUsedAt.toISOString(),
    })),
  });
