import { getMetadataArgsStorage } from 'typeorm';
import { type SqlType, type TypedAs, typed } from './sql-types.js';

/** Columns of an entity in a statement: their declaration, and their SQL. */
export interface EntityColumns<Columns> {
  readonly columns: Columns;
  /** The list to select or return, each column under its property's name. @param alias of the table */
  sql(alias?: string): string;
}

/** The names that entities write for types, where PostgreSQL's short name is another. */
const SHORT_NAMES: Readonly<Record<string, SqlType>> = { boolean: 'bool', smallint: 'int2', integer: 'int4', bigint: 'int8' };

/**
 * The columns of some properties of an entity, so that a statement's rows have the entity's own types and names: the
 * entity is the one description of a row.
 *
 * @throws Error for a property that is no column
 */
export function columnsOf<Entity extends object, const Property extends keyof Entity & string>(
  entity: new () => Entity,
  properties: readonly Property[],
): EntityColumns<{ readonly [Name in Property]: TypedAs<Entity[Name]> }> {
  const found = getMetadataArgsStorage().filterColumns(entity);
  const columns = properties.map((property) => {
    const { options } = found.find(({ propertyName }) => propertyName === property) ?? {};
    if (typeof options?.type !== 'string') throw new Error(`${entity.name}.${property} is no column with a type`);
    if (options.transformer !== undefined) throw new Error(`${entity.name}.${property} is transformed by TypeORM alone`);
    const type = SHORT_NAMES[options.type] ?? options.type;
    return { property, column: options.name ?? property, type: `${type}${options.array === true ? '[]' : ''}` as SqlType };
  });
  return {
    columns: Object.fromEntries(columns.map(({ property, type }) => [property, typed(type)])) as {
      readonly [Name in Property]: TypedAs<Entity[Name]>;
    },
    sql: (alias) =>
      columns
        .map(({ property, column }) => {
          const qualified = alias === undefined ? column : `${alias}.${column}`;
          return property === column ? qualified : `${qualified} AS "${property}"`;
        })
        .join(', '),
  };
}
