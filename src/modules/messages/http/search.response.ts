import { ApiProperty } from '@nestjs/swagger';
import { decodeCursor, isTimestamp, PageOf, toPage } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import type { SearchPlace } from '../search/search.repository.js';
import type { SearchHit } from '../search/search.service.js';
import { MessageResponse, toMessageResponse } from './message.response.js';

class FoundInChatroom {
  @ApiProperty({ format: 'uuid', example: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f' })
  readonly id!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Trip to Kyoto' })
  readonly name!: string | null;
}

class SnippetResponse {
  @ApiProperty({
    description: 'The part of the content that shows most of the words; line breaks are spaces.',
    example: '…the temples of Kyoto…',
  })
  readonly text!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 },
    description: 'Where the words are in the text: start and end (not included), counted in UTF-16 units as in `String.prototype.slice`.',
    example: [
      [5, 12],
      [16, 21],
    ],
  })
  readonly highlights!: [number, number][];
}

export class SearchHitResponse {
  @ApiProperty({ type: MessageResponse })
  readonly message!: MessageResponse;

  @ApiProperty({ type: FoundInChatroom })
  readonly chatroom!: FoundInChatroom;

  @ApiProperty({ type: SnippetResponse })
  readonly snippet!: SnippetResponse;
}

export class SearchHitPage extends PageOf(SearchHitResponse) {}

/** A number that PostgreSQL's `real` can hold, as JavaScript writes it. */
const isRank = (part: string): boolean => {
  const rank = Number(part);
  return String(rank) === part && (rank === 0 || (Math.fround(rank) > 0 && rank < 1_000));
};

/** @throws ValidationFailedError for a cursor of another list */
export function placeOf(cursor: string | undefined): SearchPlace | null {
  const [rank, id, asOf] = decodeCursor(cursor, [isRank, isId, isTimestamp]) ?? [];
  return rank === undefined || id === undefined || asOf === undefined ? null : { rank, id, asOf };
}

export const toSearchHitPage = ({ hits, asOf }: { hits: readonly SearchHit[]; asOf: string }, limit: number): SearchHitPage =>
  toPage(
    hits,
    limit,
    ({ rank, message }) => [String(rank), message.id, asOf],
    ({ message, chatroom, snippet }) => ({ message: toMessageResponse(message), chatroom, snippet }),
  );
