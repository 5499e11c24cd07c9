/** The JavaScript type of each SQL type, by PostgreSQL's short names of the types (`pg_type.typname`). */
interface Decoded {
  bool: boolean;
  bytea: Buffer;
  /** `YYYY-MM-DD`. */
  date: string;
  /** PostgreSQL's `real`. */
  float4: number;
  float8: number;
  inet: string;
  int2: number;
  int4: number;
  /** Not every bigint is a JavaScript number: cast in SQL to `float8` or `int4` where it is known to be one. */
  int8: string;
  json: unknown;
  jsonb: unknown;
  numeric: string;
  text: string;
  timestamptz: Date;
  tsvector: string;
  uuid: string;
}

/** The JavaScript types that pg takes for a parameter, where they are more than those that it returns. */
interface Encodable extends Omit<Decoded, 'int8' | 'numeric'> {
  int8: string | number | bigint;
  numeric: string | number;
}

type ScalarType = keyof Decoded;

export type SqlType = ScalarType | `${ScalarType}[]`;

/** A type whose values are known more exactly than PostgreSQL knows them. Made by `typed`. */
export interface TypedAs<Value> {
  readonly type: SqlType;
  /** Carries the type only; there is never a value. */
  readonly value?: Value;
}

/** A parameter or column: its type, with `?` at the end where it may be null. */
export type Declared = SqlType | `${SqlType}?` | TypedAs<unknown>;

export type DeclaredTypes = Readonly<Record<string, Declared>>;

/**
 * A parameter or column whose values are narrower than its type: `typed<Plan>('text')`, `typed<Plan | null>('text')`.
 * Nothing checks the narrowing at run time.
 */
export const typed = <Value>(type: SqlType): TypedAs<Value> => ({ type });

type ValueOf<Type, Values> =
  Type extends TypedAs<infer Value>
    ? Value
    : Type extends `${infer Base}?`
      ? ValueOf<Base, Values> | null
      : Type extends `${infer Element}[]`
        ? readonly ValueOf<Element, Values>[]
        : Type extends keyof Values
          ? Values[Type]
          : never;

/** The row that columns decode to. */
export type RowOf<Columns extends DeclaredTypes> = { readonly [Name in keyof Columns]: ValueOf<Columns[Name], Decoded> };

/** The object that parameters are given in. */
export type ParametersOf<Parameters extends DeclaredTypes> = {
  readonly [Name in keyof Parameters]: ValueOf<Parameters[Name], Encodable>;
};

/** The type as PostgreSQL knows it. */
export const sqlTypeOf = (declared: Declared): SqlType =>
  typeof declared === 'string' ? (declared.replace('?', '') as SqlType) : declared.type;
