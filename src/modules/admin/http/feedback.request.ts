import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, ValidateIf } from 'class-validator';
import { type Rating, RATINGS } from '../../messages/index.js';
import { IsFilterWord, IsMoment } from './filter.fields.js';

export class FeedbackFilterQuery {
  @IsFilterWord(RATINGS, 'Only replies that their user rated so.')
  readonly rating?: Rating;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, description: 'Only replies of this model.', example: 'gemini-3.5-flash-lite' })
  @ValidateIf((_, value) => value !== undefined)
  @IsString({ message: 'model must be the name of a model' })
  @Length(1, 100, { message: 'model must be the name of a model' })
  readonly model?: string;

  @IsMoment('Only replies accepted at this time or later.')
  readonly from?: Date;

  @IsMoment('Only replies accepted before this time.')
  readonly to?: Date;
}
