import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../common/actor.js';
import { searchableText } from '../../attachments/index.js';
import { type Match, type SearchPage, SearchRepository } from './search.repository.js';
import { type Snippet, snippetOf } from './snippet.js';
import { searchTermsOf } from './words.js';

/** A text of more UTF-16 units takes noticeable time. */
const LONG = 10_000;

export interface SearchHit extends Match {
  readonly snippet: Snippet;
}

/** The number of messages whose words are renewed at a time: each may be long. */
const BATCH = 50;

@Injectable()
export class SearchService {
  constructor(private readonly repository: SearchRepository) {}

  /**
   * Searches the caller's messages on all branches: at most `count` of the newest thousand that hold all words of `q`,
   * the best match first.
   *
   * @returns also the moment as of which they are counted, which belongs to the cursor of the next page
   */
  async searchMessages(
    { userId }: Actor,
    { q, ...page }: SearchPage & { readonly q: string },
  ): Promise<{ hits: SearchHit[]; asOf: string }> {
    const terms = searchTermsOf(q);
    if (!terms) return { hits: [], asOf: '' };
    const { matches, asOf } = await this.repository.search(userId, terms, page);
    const hits: SearchHit[] = [];
    for (const match of matches) {
      hits.push({ ...match, snippet: snippetOf(searchableText(match.message.content, match.message.attachments), terms) });
      // A long text takes its time, so other requests run in between.
      if (match.message.content.length > LONG) await setImmediate();
    }
    return { hits, asOf };
  }

  /**
   * Renews the words of messages that an older rule made, for up to about `ms`: messages from before this release, and
   * those that processes of the previous release still write. Without such messages it is one look into an empty index.
   *
   * @returns the number of messages that it changed
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
