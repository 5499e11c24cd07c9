import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { CurrentActor } from '../../../common/http/current-actor.decorator.js';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import { SearchService } from '../search/search.service.js';
import { SearchQuery, searchCursorOf } from './search.request.js';
import { SearchHitPage, toSearchHitPage } from './search.response.js';

@ApiTags('Messages')
@Controller('search')
export class SearchController {
  constructor(private readonly search: SearchService) {}

  @Get()
  @ApiOperation({
    summary: 'Search the messages of all rooms',
    description:
      'Messages of all branches that hold every word of q, the best match first; the newest thousand matches are ranked. Case, width, marks ' +
      '(accents, vowel points, tones), compatibility forms, forms of hamza and yeh, and invisible characters make no difference. An emoji is a ' +
      'word. Chinese, Japanese, Korean, Thai and other scripts without spaces are found by any part of a sentence. A q without a letter, digit ' +
      'or emoji finds nothing.',
  })
  @ApiOkResponse({ type: SearchHitPage })
  async searchMessages(
    @CurrentActor() actor: Actor,
    @Query() { q, cursor, limit = DEFAULT_PAGE_SIZE }: SearchQuery,
  ): Promise<SearchHitPage> {
    return toSearchHitPage(await this.search.searchMessages(actor, { q, after: searchCursorOf(cursor), count: limit + 1 }), limit);
  }
}
