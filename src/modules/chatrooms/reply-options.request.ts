import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, ValidateIf } from 'class-validator';
import { REASONING_LEVELS, type ReasoningLevel } from '../../config/models.js';

/** How replies are made: those of a room, or one. What plan and model offer is in GET /models. */
export class ReplyOptionsRequest {
  @ApiPropertyOptional({
    type: Boolean,
    description: 'Whether the model may search the web. Without it: false for a new room, otherwise as before, or as the room has it.',
    example: false,
  })
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean()
  readonly web_search?: boolean;

  @ApiPropertyOptional({
    enum: REASONING_LEVELS,
    nullable: true,
    description: "How long the model thinks before it answers, and shows a summary of its thoughts. Null: the model's default.",
    example: null,
  })
  @IsOptional()
  @IsIn(REASONING_LEVELS)
  readonly reasoning?: ReasoningLevel | null;
}
