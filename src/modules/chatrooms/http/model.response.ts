import { ApiProperty } from '@nestjs/swagger';
import type { ModelSetting } from '../../../config/models.js';

class ModelResponse {
  @ApiProperty({ example: 'gemini-3.5-flash-lite' })
  readonly id!: string;

  @ApiProperty({ example: 'Gemini 3.5 Flash-Lite' })
  readonly name!: string;

  @ApiProperty({ enum: ['basic', 'pro'], description: 'The least plan that includes it.', example: 'basic' })
  readonly plan!: 'basic' | 'pro';

  @ApiProperty({
    type: 'integer',
    description: 'What the model can take; how much history it is given is up to the plan.',
    example: 1_048_576,
  })
  readonly context_tokens!: number;

  @ApiProperty({ description: 'Answers in rooms that name no model.', example: true })
  readonly default!: boolean;
}

export class ModelList {
  @ApiProperty({ type: [ModelResponse] })
  readonly data!: ModelResponse[];
}

/** @param models the default first */
export const toModelList = (models: readonly ModelSetting[]): ModelList => ({
  data: models.map(({ id, name, plan, context_tokens }, i) => ({ id, name, plan, context_tokens, default: i === 0 })),
});
