import { ValidationFailedError } from '../errors/common.errors.js';
import { isId } from '../ids.js';
import { decodeCursor, isTimestamp, toPage, toPageRequest } from './page.js';

const ID = '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f';
const AT = '2026-11-22T20:15:03.120Z';

test('a page gives the key of its last item to the next', () => {
  const page = toPage([1, 2, 3], 2, (row) => [AT, `${row}`], String);
  expect(page.data).toEqual(['1', '2']);
  expect(decodeCursor(page.next_cursor ?? '', [isTimestamp, (part) => part === '2'])).toEqual([AT, '2']);
});

test('the last page, full or empty, has no cursor', () => {
  expect(toPage([1, 2], 2, (row) => [`${row}`], String).next_cursor).toBeNull();
  expect(toPage([], 2, () => [], String)).toEqual({ data: [], next_cursor: null });
});

test('a request for a page starts after the cursor, and reads one row more than the page holds', () => {
  expect(toPageRequest({}, [isTimestamp, isId])).toEqual({ after: null, count: 21 });
  const { next_cursor } = toPage([1, 2], 1, () => [AT, ID], String);
  expect(toPageRequest({ limit: 5, cursor: next_cursor ?? '' }, [isTimestamp, isId])).toEqual({ after: [AT, ID], count: 6 });
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test.each([
  ['nothing', ''],
  ['no base64', '%%%'],
  ['no JSON', Buffer.from('{').toString('base64url')],
  ['no list', encode({ a: 1 })],
  ['too few parts', encode([AT])],
  ['too many parts', encode([AT, ID, ID])],
  ['another type', encode([1, ID])],
  ['a time that is none', encode(['2026-13-99T99:99:99.999Z', ID])],
  ['a day that is none', encode(['2026-02-30T00:00:00.000Z', ID])],
  ['a year before the first', encode(['0000-01-01T00:00:00.000Z', ID])],
  ['an id that is none', encode([AT, 'x'])],
])('a cursor of %s is refused', (_what, cursor) => {
  expect(() => decodeCursor(cursor, [isTimestamp, isId])).toThrow(ValidationFailedError);
});
