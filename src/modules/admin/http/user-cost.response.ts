import { ApiProperty } from '@nestjs/swagger';
import { type Page, PageOf } from '../../../common/http/page.js';
import type { UserCost } from '../user-costs.repository.js';

export class UserCostResponse {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-5c0b-7e41-9f13-0a1b2c3d4e5f' })
  readonly user_id!: string;

  @ApiProperty({ example: 'ada.lovelace' })
  readonly username!: string;

  @ApiProperty({ type: 'integer', description: 'Replies that were charged and not refunded.', example: 412 })
  readonly messages!: number;

  @ApiProperty({ type: 'integer', description: 'Input, output and reasoning tokens of the replies.', example: 220_400 })
  readonly tokens!: number;

  @ApiProperty({ type: 'integer', description: 'Queries of web searches.', example: 12 })
  readonly searches!: number;

  @ApiProperty({ description: 'Estimated.', example: 1.3 })
  readonly cost_usd!: number;
}

export class UserCostPage extends PageOf(UserCostResponse) {}

export const toUserCostPage = (rows: readonly UserCost[]): Page<UserCostResponse> => ({
  data: rows.map(({ user_id, username, messages, tokens, searches, cost_micros }) => ({
    user_id,
    username,
    messages,
    tokens,
    searches,
    cost_usd: cost_micros / 1_000_000,
  })),
  next_cursor: null,
});
