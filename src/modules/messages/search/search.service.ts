import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { type Match, type SearchPlace, SearchRepository } from './search.repository.js';
import { type Snippet, snippetOf } from './snippet.js';
import { wantedIn } from './words.js';

/** In UTF-16 units. */
const LONG = 10_000;

export interface SearchHit extends Match {
  readonly snippet: Snippet;
}

/** Messages whose words are renewed at a time: each may be long. */
const BATCH = 50;

@Injectable()
export class SearchService {
  constructor(private readonly repository: SearchRepository) {}

  /**
   * Looks for words in the caller's messages: at most `count` of the newest thousand that hold them all, on whatever branch, best first.
   *
   * @returns also the moment as of which they are counted: what the next page is to be asked with
   */
  async searchMessages(
    { userId }: Actor,
    q: string,
    after: SearchPlace | null,
    count: number,
  ): Promise<{ hits: SearchHit[]; asOf: string }> {
    const wanted = wantedIn(q);
    if (!wanted) return { hits: [], asOf: '' };
    const { matches, asOf } = await this.repository.search(userId, wanted, after, count);
    const hits: SearchHit[] = [];
    for (const match of matches) {
      hits.push({ ...match, snippet: snippetOf(match.message.content, wanted) });
      // A long text takes its time: others have their turn in between.
      if (match.message.content.length > LONG) await setImmediate();
    }
    return { hits, asOf };
  }

  /**
   * Makes the words of messages again that an older rule made, for up to about `ms`: those that were there before this
   * release, and what processes of the release before still write. Without such messages it is one look into an empty
   * index.
   *
   * @returns how many messages it changed
   */
  async renewOutdatedWords(ms: number): Promise<number> {
    const end = performance.now() + ms;
    for (let total = 0; ;) {
      const outdated = await this.repository.findOutdated(BATCH);
      const renewed = outdated.length === 0 ? 0 : await this.repository.renewWords(outdated);
      total += renewed;
      if (renewed === 0 || performance.now() >= end) return total;
    }
  }
}
