import type { PageRequest } from '../../common/http/page.js';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { type BoundedRow, withinPageBytes } from '../../database/page-bytes.js';

/** The key of the last row of the previous page; null for the first page. */
export type PageKey = PageRequest['after'];

/**
 * The order of a list: properties of the entity, the last one unique. A page starts after a key, never at an offset.
 */
export interface ListOrder<Property extends string = string> {
  readonly by: readonly Property[];
  readonly direction: 'ASC' | 'DESC';
}

export const NEWEST_FIRST = { by: ['createdAt', 'id'], direction: 'DESC' } as const;
export const OLDEST_FIRST = { by: ['createdAt', 'id'], direction: 'ASC' } as const;

/** The condition of each field of a filter. The text of a condition names the field's value by the field's name. */
export type Conditions<Filter> = {
  readonly [Field in keyof Filter]-?: string | ((value: NonNullable<Filter[Field]>) => string);
};

/** The id of the user with the name of the parameter; the condition of a filter compares a column with it. */
export const idOfUser = (parameter: string): string => `(SELECT named.id FROM users named WHERE named.username = :${parameter})`;

/** The name of the user whose id this expression is. It is read for the rows of the page alone. */
export const nameOfUser = (id: string): string => `(SELECT owner.username FROM users owner WHERE owner.id = ${id})`;

/** Selects properties of the query's main entity, each under its own name, for `getRawMany` and `getRawOne`. */
export function selectProperties<Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  properties: readonly (keyof Entity & string)[],
): SelectQueryBuilder<Entity> {
  query.select([]);
  for (const property of properties) query.addSelect(`${query.alias}.${property}`, property);
  return query;
}

/** Adds the conditions of the fields that are set, and no others: PostgreSQL chooses the index that serves them. */
export function addConditions<Entity extends ObjectLiteral, Filter extends object>(
  query: SelectQueryBuilder<Entity>,
  conditions: Conditions<Filter>,
  filter: Filter,
): SelectQueryBuilder<Entity> {
  for (const field of Object.keys(conditions) as (keyof Filter & string)[]) {
    const value = filter[field];
    if (value === undefined || value === null) continue;
    const condition = conditions[field];
    query.andWhere(typeof condition === 'string' ? condition : condition(value), { [field]: value });
  }
  return query;
}

/** Limits the query to one page of the list. */
export function addPage<Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  { by, direction }: ListOrder<keyof Entity & string>,
  { after, count }: PageRequest,
): SelectQueryBuilder<Entity> {
  const columns = by.map((property) => `${query.alias}.${property}`);
  if (after !== null) query.andWhere(`(${columns.join(', ')}) ${direction === 'ASC' ? '>' : '<'} (:...after)`, { after });
  for (const column of columns) query.addOrderBy(column, direction);
  return query.limit(count);
}

/**
 * The rows of a page that ends at the bytes of a page, too.
 *
 * @param query as `addPage` left it, with the properties of `order` and the texts selected under their own names
 * @param texts properties whose values may be long, also as JSON
 */
export async function getRowsWithinPageBytes<Row>(
  query: SelectQueryBuilder<ObjectLiteral>,
  { by, direction }: ListOrder,
  texts: readonly string[],
): Promise<(Row & BoundedRow)[]> {
  const [select, parameters] = query.getQueryAndParameters();
  const column = (property: string) => `page."${property}"`;
  const order = by.map((property) => `${column(property)} ${direction}`).join(', ');
  return query.dataSource.query(
    withinPageBytes(select, { as: 'page', order, texts: texts.map((text) => `${column(text)}::text`) }),
    parameters,
  );
}
