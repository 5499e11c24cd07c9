import { ApiProperty } from '@nestjs/swagger';
import type { Plan } from '../../../common/actor.js';
import { PRICE_INTERVALS } from '../../../integrations/stripe/index.js';
import { CapabilitiesResponse, toCapabilitiesResponse } from '../../subscriptions/index.js';
import type { PlanOffer } from '../offers.service.js';
import type { PriceOffer } from '../price-offers.js';

class PriceResponse {
  @ApiProperty({
    example: 'monthly',
    description: 'The name of the price in POST /subscribe/pro. A further currency of a price has a key of its own, such as `monthly:eur`.',
  })
  readonly key!: string;

  @ApiProperty({
    type: 'integer',
    example: 999,
    description: 'The amount of one period in the smallest unit of the currency, as Stripe has it.',
  })
  readonly amount!: number;

  @ApiProperty({ example: 'usd', description: 'ISO 4217, in lower case.' })
  readonly currency!: string;

  @ApiProperty({ enum: PRICE_INTERVALS, example: 'month', description: 'The unit of the billing period.' })
  readonly interval!: (typeof PRICE_INTERVALS)[number];

  @ApiProperty({ type: 'integer', example: 1, description: 'How many intervals a period has.' })
  readonly interval_count!: number;

  @ApiProperty({ type: 'integer', example: 0, description: 'Days that are free for a person who had no trial before; 0 for none.' })
  readonly trial_days!: number;
}

class OfferedModelResponse {
  @ApiProperty({ example: 'gemini-3.8-flash' })
  readonly id!: string;

  @ApiProperty({ example: 'Gemini 3.8 Flash' })
  readonly name!: string;
}

class PlanCapabilitiesResponse extends CapabilitiesResponse {
  @ApiProperty({ type: [OfferedModelResponse], description: 'The models of the plan, the default first.' })
  readonly models!: OfferedModelResponse[];

  @ApiProperty({ type: 'integer', example: 131_072, description: 'Most tokens of history that a model is given.' })
  readonly context_tokens!: number;

  @ApiProperty({ type: 'integer', example: 8_192, description: 'The longest answer, in tokens.' })
  readonly max_output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 2_147_483_648, description: 'Bytes that a user may store.' })
  readonly storage_bytes!: number;
}

class PlanResponse {
  @ApiProperty({ enum: ['basic', 'pro'], example: 'pro' })
  readonly id!: Plan;

  @ApiProperty({ type: 'integer', nullable: true, example: null, description: 'Messages per UTC day; null for no limit.' })
  readonly daily_limit!: number | null;

  @ApiProperty({
    type: [PriceResponse],
    description: 'The default first. Empty for the Basic plan, which costs nothing, and for Pro where nothing can be bought.',
  })
  readonly prices!: PriceResponse[];

  @ApiProperty({ description: 'What the plan offers.' })
  readonly capabilities!: PlanCapabilitiesResponse;
}

export class PlanList {
  @ApiProperty({ type: [PlanResponse] })
  readonly data!: PlanResponse[];
}

export const toPlanList = (plans: readonly PlanOffer[]): PlanList => ({
  data: plans.map(({ id, limits, capabilities, prices, trialDays }) => ({
    id,
    daily_limit: limits.dailyLimit,
    prices: prices.map((price) => toPriceResponse(price, trialDays)),
    capabilities: Object.assign(toCapabilitiesResponse(capabilities), {
      models: limits.models.map((model) => ({ id: model.id, name: model.name })),
      context_tokens: limits.contextTokens,
      max_output_tokens: limits.maxOutputTokens,
      storage_bytes: limits.storageBytes,
    }),
  })),
});

const toPriceResponse = ({ key, amount, currency, interval, intervalCount }: PriceOffer, trialDays: number): PriceResponse => ({
  key,
  amount,
  currency,
  interval,
  interval_count: intervalCount,
  trial_days: trialDays,
});
