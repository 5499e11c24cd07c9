import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { IsNullableText } from '../../../common/http/text.decorator.js';
import { type Rating, RATINGS } from '../feedback/feedback.entity.js';

const COMMENT = { max: 2_000, multiline: true };

export class RateReplyRequest {
  @ApiProperty({ enum: RATINGS, example: 'up' })
  @IsIn(RATINGS)
  readonly rating!: Rating;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: COMMENT.max,
    description: 'Some of it must be visible. Without it an earlier comment is removed.',
    example: 'Right to the point.',
  })
  @IsNullableText(COMMENT)
  readonly comment?: string | null;
}
