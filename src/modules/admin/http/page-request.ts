import { decodeCursor, DEFAULT_PAGE_SIZE, type PageQuery } from '../../../common/http/page.js';
import type { PageRequest } from '../list-query.js';

/**
 * The page that a query asks for, with one row more than the page holds, which shows whether another page follows.
 *
 * @param parts one check for each part of the cursor's key
 * @throws ValidationFailedError
 */
export const toPageRequest = ({ cursor, limit }: PageQuery, parts: readonly ((part: string) => boolean)[]): PageRequest => ({
  after: decodeCursor(cursor, parts),
  count: (limit ?? DEFAULT_PAGE_SIZE) + 1,
});
