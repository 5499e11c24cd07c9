import { useCallback } from 'react';
import { Refusal } from '../../api/refusal.ts';
import { hrefOf, open, useRoute } from '../route.ts';
import { type Loaded, useLoaded } from '../../ui/use-loaded.ts';
import { type Filter, type FilterValues, type Page, queryOf, valuesOf } from './list.ts';

/** Interval at which a list with unsettled rows is loaded again. */
const REPEAT_MS = 1_000;
const PAGE_SIZE = '20';

interface ListOptions<Row> {
  readonly filters: readonly Filter[];
  /** Loads a page. It is the same function at each call. */
  readonly load: (query: FilterValues) => Promise<Page<Row>>;
  /** Whether a row will change soon. */
  readonly isUnsettled?: (row: Row) => boolean;
}

export interface List<Row> extends Omit<Loaded<Page<Row>>, 'error'> {
  readonly part: string;
  readonly filters: readonly Filter[];
  /** What the fields of the filters hold. */
  readonly values: FilterValues;
  /** What the API is asked for by them. */
  readonly query: FilterValues;
  readonly problem: string | null;
  readonly narrow: (values: FilterValues) => void;
  /** Null where there is no such page. */
  readonly toNext: (() => void) | null;
  readonly toPrevious: (() => void) | null;
}

/** What the history's entry of a page keeps: the cursors of the pages before it. */
interface Trail {
  readonly before: readonly string[];
}

/** A page of a list. The filters and the page are in the address, so that whoever comes back finds the same page. */
export function useList<Row>({ filters, load, isUnsettled = () => false }: ListOptions<Row>): List<Row> {
  const { part, query: given } = useRoute();
  const cursor = given.get('cursor') ?? '';
  const values = valuesOf(filters, given);
  const query = queryOf(filters, values);
  const asked = JSON.stringify({ ...query, limit: PAGE_SIZE, ...(cursor === '' ? {} : { cursor }) });
  const page = useLoaded(
    useCallback((text: string) => load(JSON.parse(text) as FilterValues), [load]),
    asked,
    {
      intervalMs: REPEAT_MS,
      // The audit log records each reading of content, so content is not loaded again by a timer.
      isWanted: ({ data }) => values['content'] !== 'true' && data.some(isUnsettled),
    },
  );
  const next = page.data?.next_cursor ?? null;
  const turnTo = (to: string, before: readonly string[]) => {
    open(hrefOf(part, { ...query, cursor: to }), { before } satisfies Trail);
  };
  const before = (history.state as Trail | null)?.before ?? [];
  return {
    ...page,
    part,
    filters,
    values,
    query,
    problem: page.error && problemOf(page.error, values),
    narrow: (wanted) => {
      const href = hrefOf(part, queryOf(filters, wanted));
      if (location.hash === href) page.reload();
      else open(href);
    },
    toNext:
      next === null
        ? null
        : () => {
            turnTo(next, [...before, cursor]);
          },
    toPrevious:
      cursor === ''
        ? null
        : () => {
            turnTo(before.at(-1) ?? '', before.slice(0, -1));
          },
  };
}

/** What users wrote is refused with a code that has other reasons, too. */
export const problemOf = (error: Error, { content }: FilterValues): string =>
  content === 'true' && error instanceof Refusal && error.code === 'forbidden'
    ? 'What users wrote is not shown here: the setting ADMIN_READS_CONTENT does not allow it.'
    : error.message;
