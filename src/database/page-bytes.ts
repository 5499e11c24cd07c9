/** Bytes of text that one page may have, as they are stored; a longer text makes a page of its own. */
const PAGE_BYTES = 1024 * 1024;

/** A row of a page that is bounded in bytes. */
export interface BoundedRow {
  /** Whether another row of the list follows that the page was cut before. */
  readonly goes_on?: boolean;
}

/**
 * SQL of a page that ends where its texts exceed PAGE_BYTES, with one row at least: PostgreSQL neither reads nor sends
 * the texts of the rows after it, as octet_length does not need those that are stored outside of the row.
 *
 * @param select the rows, with the LIMIT of the page
 * @param options.as the alias that the rows get, which `order` and `texts` name their columns by
 * @param options.order total, of columns that are selected
 * @param options.texts the columns that may be long
 */
export function withinPageBytes(
  select: string,
  { as, order, texts }: { readonly as: string; readonly order: string; readonly texts: readonly string[] },
): string {
  const size = texts.map((text) => `coalesce(octet_length(${text}), 0)`).join(' + ');
  return `SELECT * FROM (
     WITH bounded AS MATERIALIZED (${select})
     SELECT ${as}.*, lead(true, 1, false) OVER (ORDER BY ${order}) AS goes_on FROM bounded AS ${as} ORDER BY ${order} LIMIT (
       SELECT greatest(1, count(*) FILTER (WHERE bytes <= ${PAGE_BYTES}))
       FROM (SELECT sum(${size}) OVER (ORDER BY ${order}) AS bytes FROM bounded AS ${as}) AS sums
     )
   ) AS ${as} ORDER BY ${order}`;
}

/** The rows of such a page as they would be without the bound, but for the last one of a page that was cut. */
export function asBoundedPage<Row extends object>(rows: readonly (Row & { goes_on?: boolean })[]): (Row & BoundedRow)[] {
  for (const [i, row] of rows.entries()) if (i < rows.length - 1 || row.goes_on === false) delete row.goes_on;
  return [...rows];
}
