import { ApiProperty } from '@nestjs/swagger';
import type { ModelSetting } from '../../../config/models.js';
import { type Capabilities, CapabilitiesResponse, toCapabilitiesResponse } from '../../subscriptions/index.js';

class ModelResponse {
  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly id!: string;

  @ApiProperty({ example: 'Gemini 3.5 Flash-Lite' })
  readonly name!: string;

  @ApiProperty({ enum: ['basic', 'pro'], description: 'The smallest plan that includes the model.', example: 'basic' })
  readonly plan!: 'basic' | 'pro';

  @ApiProperty({
    type: 'integer',
    description: 'The context window of the model. The plan determines how much history the model gets.',
    example: 1_048_576,
  })
  readonly context_tokens!: number;

  @ApiProperty({ description: 'Whether the model answers in chatrooms that name no model.', example: true })
  readonly default!: boolean;

  @ApiProperty({ type: CapabilitiesResponse, description: "What replies of the model may use on the caller's plan." })
  readonly capabilities!: CapabilitiesResponse;
}

export class ModelList {
  @ApiProperty({ type: [ModelResponse] })
  readonly data!: ModelResponse[];
}

/** @param models in order, the default first */
export const toModelList = (models: readonly { readonly model: ModelSetting; readonly capabilities: Capabilities }[]): ModelList => ({
  data: models.map(({ model: { id, name, plan, context_tokens }, capabilities }, i) => ({
    id,
    name,
    plan,
    context_tokens,
    default: i === 0,
    capabilities: toCapabilitiesResponse(capabilities),
  })),
});
