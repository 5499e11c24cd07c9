import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { Transform } from 'class-transformer';
import { ValidationFailedError } from '../errors/common.errors.js';

export const DEFAULT_PAGE_SIZE = 20;

export class PageQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: DEFAULT_PAGE_SIZE,
    description: 'Most rows of the page. A page has at most 1 MiB, but at least one row.',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value))
  @IsInt({ message: 'limit must be a whole number from 1 to 100' })
  @Min(1, { message: 'limit must be a whole number from 1 to 100' })
  @Max(100, { message: 'limit must be a whole number from 1 to 100' })
  readonly limit?: number;

  @ApiPropertyOptional({ maxLength: 500, description: '`next_cursor` of the previous page.' })
  @IsOptional()
  @IsString()
  @MaxLength(500)
  readonly cursor?: string;
}

/** The rows to read for one page of a list. */
export interface PageRequest {
  /** The key of the last row of the previous page; null for the first page. */
  readonly after: readonly string[] | null;
  /** One more than the page holds: the additional row shows whether another page follows. */
  readonly count: number;
}

/**
 * @param parts one check for each part of the list's key
 * @throws ValidationFailedError when the cursor is not one of the list
 */
export const toPageRequest = (
  { cursor, limit = DEFAULT_PAGE_SIZE }: PageQuery,
  parts: readonly ((part: string) => boolean)[],
): PageRequest => ({ after: decodeCursor(cursor, parts), count: limit + 1 });

export interface Page<T> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

/** The documented shape of a page of `Item`. */
export function PageOf<T>(Item: abstract new (...args: never[]) => T): abstract new () => Page<T> {
  abstract class PageResponse implements Page<T> {
    @ApiProperty({ type: () => [Item] })
    readonly data!: T[];

    @ApiProperty({ type: String, nullable: true, description: 'Opaque; null on the last page.', example: null })
    readonly next_cursor!: string | null;
  }
  Object.defineProperty(PageResponse, 'name', { value: `${Item.name.replace(/Response$/, '')}Page` });
  return PageResponse;
}

/**
 * Most bytes of JSON of the rows of one page: 1 MiB less the rest of the response. A longer row is a page of its own.
 */
const MAX_PAGE_BYTES = 1024 * 1024 - 1024;

/**
 * Makes a page of the `limit + 1` rows that were read for it. A statement that is bounded in bytes may return fewer.
 *
 * @param rows in the order of the list. Another page follows when there are more rows than the page holds, or when the
 *   last row has `goes_on`
 * @param keyOf the key of a row in the order of the list; the next page starts after it
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly string[],
  toItem: (row: Row) => Item,
): Page<Item> {
  const data: Item[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    const item = toItem(row);
    bytes += Buffer.byteLength(JSON.stringify(item)) + SEPARATOR_BYTES;
    if (bytes > MAX_PAGE_BYTES && data.length > 0) break;
    data.push(item);
  }
  const last = rows[data.length - 1];
  const goesOn = rows.length > data.length || isFollowed(last);
  return { data, next_cursor: goesOn && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

const SEPARATOR_BYTES = 1;

/** Statements that are bounded in bytes return `goes_on` with their last row. */
const isFollowed = (row: unknown): boolean => typeof row === 'object' && row !== null && 'goes_on' in row && row.goes_on === true;

const encodeCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/**
 * Returns the key inside a cursor that `toPage` has created; null when there is no cursor.
 *
 * @param parts one check for each part of the key
 * @throws ValidationFailedError for any other text
 */
export function decodeCursor<const Parts extends readonly ((part: string) => boolean)[]>(
  cursor: string | undefined,
  parts: Parts,
): { readonly [Part in keyof Parts]: string } | null {
  if (cursor === undefined) return null;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === parts.length && key.every((part, i) => typeof part === 'string' && parts[i]?.(part))) {
      return key as { readonly [Part in keyof Parts]: string };
    }
  } catch {
    // Text that is not JSON is refused below.
  }
  throw new ValidationFailedError([{ field: 'cursor', message: 'cursor must be a next_cursor of this list' }]);
}

/** True for a time in the form of `Date.toISOString`. PostgreSQL accepts neither a year 0 nor a 30th of February. */
export const isTimestamp = (part: string): boolean => {
  const time = Date.parse(part);
  return /^(?!0000)\d{4}-/.test(part) && !Number.isNaN(time) && new Date(time).toISOString() === part;
};

/** The position of a message in its room, which is a positive `integer` of PostgreSQL. */
export const isPosition = (part: string): boolean => /^[1-9]\d{0,9}$/.test(part) && Number(part) <= 2_147_483_647;
