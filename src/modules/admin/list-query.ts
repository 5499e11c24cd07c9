import { withinPageBytes } from '../../database/page-bytes.js';
import { type Statement, statement } from '../../database/statement.js';

/** What a page starts after: the key of the last row of the page before; null for the first page. */
export type PageKey = readonly string[] | null;

/** A page of a list: where it starts and how many rows it may have. */
export interface PageWish {
  readonly after: PageKey;
  readonly count: number;
}

/**
 * The text of a list with the filters that are set, and only those, so that PostgreSQL chooses the index that serves them. Lists are keysets:
 * a page starts after a key, never at an offset.
 */
export class ListQuery {
  private readonly conditions: string[] = [];
  private readonly values: unknown[] = [];

  /** @param condition SQL with `?` in the places of the value; nothing for a value that is undefined */
  where(condition: string, value: unknown): this {
    if (value === undefined) return this;
    this.conditions.push(condition.replaceAll('?', this.parameter(value)));
    return this;
  }

  /** @param conditions the SQL for each value; nothing when the value is undefined */
  when<T extends string>(value: T | undefined, conditions: Readonly<Record<T, string>>): this {
    if (value !== undefined) this.conditions.push(conditions[value]);
    return this;
  }

  /**
   * The finished statement, and its order.
   *
   * @param select everything before WHERE
   * @param key the columns of the order with their types; the last one unique
   * @param texts columns that may be long: the page is bounded by their bytes, and its rows are `BoundedRow`s
   */
  page<Row>(
    select: string,
    key: readonly { readonly column: string; readonly type: string }[],
    direction: 'ASC' | 'DESC',
    { after, count }: PageWish,
    texts: { readonly as: string; readonly columns: readonly string[] } | null = null,
  ): { statement: Statement<Row>; values: readonly unknown[]; order: string } {
    const columns = key.map(({ column }) => column);
    if (after !== null) {
      const bounds = key.map(({ type }, i) => `${this.parameter(after[i])}::${type}`);
      this.conditions.push(`(${columns.join(', ')}) ${direction === 'ASC' ? '>' : '<'} (${bounds.join(', ')})`);
    }
    const where = this.conditions.length === 0 ? '' : `WHERE ${this.conditions.join(' AND ')}`;
    const order = columns.map((column) => `${column} ${direction}`).join(', ');
    const rows = `${select} ${where} ORDER BY ${order} LIMIT ${this.parameter(count)}`;
    const text = texts === null ? rows : withinPageBytes(rows, { as: texts.as, order, texts: texts.columns });
    return { statement: statement<Row>('', text), values: this.values, order };
  }

  private parameter(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** The order of most lists: newest first, by a column of that name in the table with this alias. */
export const newestFirst = (alias: string) =>
  [
    { column: `${alias}.created_at`, type: 'timestamptz' },
    { column: `${alias}.id`, type: 'uuid' },
  ] as const;
