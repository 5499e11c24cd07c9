import { ApiProperty } from '@nestjs/swagger';
import { PageOf, toPage } from '../../../common/http/page.js';
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
    description: 'The part of the content that shows the most of the words. Spaces replace line breaks.',
    example: '…the temples of Kyoto…',
  })
  readonly text!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 },
    description: 'Positions of the words in the text: start and end (not included), in UTF-16 units as in `String.prototype.slice`.',
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

export const toSearchHitPage = ({ hits, asOf }: { hits: readonly SearchHit[]; asOf: string }, limit: number): SearchHitPage =>
  toPage(
    hits,
    limit,
    ({ rank, message }) => [String(rank), message.id, asOf],
    ({ message, chatroom, snippet }) => ({ message: toMessageResponse({ ...message, reasoning: null }), chatroom, snippet }),
  );
