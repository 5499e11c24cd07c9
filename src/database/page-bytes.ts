/** Bytes of text that one page may have, as they are stored; a longer text makes a page of its own. */
const PAGE_BYTES = 1024 * 1024;

/** A row of a page that is bounded in bytes. */
export interface BoundedRow {
  /** Another row follows in the list, whether or not it was read along. */
  readonly goes_on: boolean;
}

/** All columns that the bound adds to a row. */
export interface BoundedPageRow extends BoundedRow {
  readonly page_row: string;
  readonly page_bytes: string;
}

/**
 * SQL of a page that ends where its texts exceed PAGE_BYTES, with one row at least: PostgreSQL neither reads nor sends the texts of the rows after
 * it, as octet_length does not need those that are stored outside of the row.
 *
 * @param select the rows, with the LIMIT of the page
 * @param options.as the alias that the rows get, which `order` and `texts` may name their columns by
 * @param options.order total, of the rows' own columns
 * @param options.texts the columns that may be long
 */
export function withinPageBytes(
  select: string,
  { as, order, texts }: { readonly as: string; readonly order: string; readonly texts: readonly string[] },
): string {
  const size = texts.map((text) => `coalesce(octet_length(${text}), 0)`).join(' + ');
  return `SELECT * FROM (
     SELECT ${as}.*, row_number() OVER page AS page_row, sum(${size}) OVER page AS page_bytes, lead(true, 1, false) OVER page AS goes_on
     FROM (${select}) AS ${as} WINDOW page AS (ORDER BY ${order})
   ) AS ${as} WHERE page_row = 1 OR page_bytes <= ${PAGE_BYTES} ORDER BY page_row`;
}
