import { ApiProperty } from '@nestjs/swagger';
import type { StripeStatus } from '../../billing/index.js';

class UnsoldPriceResponse {
  @ApiProperty({ description: 'The key of the setting.', example: 'annual' })
  readonly key!: string;

  @ApiProperty({ description: 'The id or lookup key of the setting.', example: 'pro_annual' })
  readonly reference!: string;

  @ApiProperty({ enum: ['unknown', 'not_recurring', 'archived', 'no_fixed_amount'], example: 'archived' })
  readonly reason!: StripeStatus['unsoldPrices'][number]['reason'];
}

export class StripeStatusResponse {
  @ApiProperty({ description: 'Whether there is a key. Without one nothing is sold.', example: true })
  readonly configured!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The account whose customers are stored here; null before Stripe could be asked for it.',
    example: 'acct_1SVb3hKvQ2T9Zz',
  })
  readonly account_id!: string | null;

  @ApiProperty({ description: 'Whether the key is of another account or mode than the stored one. No call is made then.', example: false })
  readonly other_account!: boolean;

  @ApiProperty({ description: 'Whether Stripe does not accept the key. No call is made then.', example: false })
  readonly key_refused!: boolean;

  @ApiProperty({ enum: ['live', 'test'], nullable: true, description: 'The mode of the key.', example: 'live' })
  readonly mode!: 'live' | 'test' | null;

  @ApiProperty({ description: 'Whether Stripe answered, at the latest when it was asked for the prices.', example: true })
  readonly reachable!: boolean;

  @ApiProperty({ type: [UnsoldPriceResponse], description: 'Configured prices that cannot be sold.' })
  readonly unsold_prices!: UnsoldPriceResponse[];
}

export const toStripeStatusResponse = ({
  isConfigured,
  accountId,
  isOtherAccount,
  isKeyRefused,
  mode,
  isReachable,
  unsoldPrices,
}: StripeStatus): StripeStatusResponse => ({
  configured: isConfigured,
  account_id: accountId,
  other_account: isOtherAccount,
  key_refused: isKeyRefused,
  mode,
  reachable: isReachable,
  unsold_prices: unsoldPrices.map(({ key, reference, reason }) => ({ key, reference, reason })),
});
