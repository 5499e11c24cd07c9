import { ApiProperty } from '@nestjs/swagger';
import { PageQuery } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';

const Q = { max: 200 };

export class SearchQuery extends PageQuery {
  @ApiProperty({
    minLength: 1,
    maxLength: Q.max,
    description: 'Words that are all in a message, in any case and order; the last one may be the beginning of a word.',
    example: 'temples kyo',
  })
  @IsText(Q)
  readonly q!: string;
}
