import { ApiProperty } from '@nestjs/swagger';
import { decodeCursor, isTimestamp, PageQuery } from '../../../common/http/page.js';
import { IsText } from '../../../common/http/text.decorator.js';
import { isId } from '../../../common/ids.js';
import type { SearchCursor } from '../search/search.repository.js';

const Q = { max: 200 };

export class SearchQuery extends PageQuery {
  @ApiProperty({
    minLength: 1,
    maxLength: Q.max,
    description: 'The words that a message must hold, in any case and order. The last one may be the beginning of a word.',
    example: 'temples kyo',
  })
  @IsText(Q)
  readonly q!: string;
}

/** A number that PostgreSQL's `real` can hold, as JavaScript writes it. */
const isRank = (part: string): boolean => {
  const rank = Number(part);
  return String(rank) === part && (rank === 0 || (Math.fround(rank) > 0 && rank < 1_000));
};

/** The cursor of `toSearchHitPage`. @throws ValidationFailedError for another list's cursor */
export function searchCursorOf(cursor: string | undefined): SearchCursor | null {
  const key = decodeCursor(cursor, [isRank, isId, isTimestamp]);
  return key && { rank: Number(key[0]), id: key[1], asOf: key[2] };
}
