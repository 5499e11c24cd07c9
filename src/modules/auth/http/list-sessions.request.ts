import { DEFAULT_PAGE_SIZE, decodeCursor, isTimestamp, type PageQuery } from '../../../common/http/page.js';
import { isId } from '../../../common/ids.js';
import type { SessionPageRequest } from '../sessions.repository.js';

/** @throws ValidationFailedError for a cursor of another list */
export function toSessionPageRequest({ cursor, limit = DEFAULT_PAGE_SIZE }: PageQuery): SessionPageRequest {
  const [createdAt, id] = decodeCursor(cursor, [isTimestamp, isId]) ?? [];
  return { after: createdAt === undefined || id === undefined ? null : { createdAt: new Date(createdAt), id }, limit };
}
