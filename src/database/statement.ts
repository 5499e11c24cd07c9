import { compileNamedParameters } from './named-parameters.js';
import { type Declared, type DeclaredTypes, type ParametersOf, type RowOf, type SqlType, sqlTypeOf } from './sql-types.js';

/**
 * A hot or atomic SQL statement. Its name lets PostgreSQL prepare it once per connection; a statement without a name is
 * planned each time, for its very values.
 */
export interface Statement<Row, Parameters> {
  readonly name: string;
  /** As PostgreSQL reads it, with `$n`. */
  readonly text: string;
  /** The values of `$1`, `$2`, … @throws Error when the parameters are not those that were declared */
  readonly toValues: (parameters: Parameters) => unknown[];
  /** Carries the type only; there is never a value. */
  readonly row?: Row;
}

/** The declaration of a statement. */
export interface DeclaredStatement {
  readonly name: string;
  /** As it was written, with `:name`. */
  readonly source: string;
  /** As PostgreSQL reads it, with `$n`. */
  readonly text: string;
  /** In the order of `$1`, `$2`, … */
  readonly parameters: Readonly<Record<string, SqlType>>;
  /** In the order of the text. */
  readonly columns: Readonly<Record<string, SqlType>>;
}

interface Declaration<Parameters extends DeclaredTypes, Columns extends DeclaredTypes> {
  /** Table or module first. Unique, at most 63 bytes. */
  readonly name: string;
  readonly parameters?: Parameters;
  readonly columns?: Columns;
  readonly text: string;
}

/** PostgreSQL cuts longer names. */
const MAX_NAME_LENGTH = 63;

const statements = new Map<string, DeclaredStatement>();

/** Every statement with a name that the loaded modules declare, sorted by name. */
export const declaredStatements = (): DeclaredStatement[] => [...statements.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

type Nothing = Readonly<Record<string, never>>;

/**
 * Declares a statement: parameters are written as `:name`, and the types of parameters and columns give the TypeScript
 * types of what is passed and returned. test/architecture/statements.test.ts compares both with what PostgreSQL says. A
 * `json` or `jsonb` parameter is encoded here: pass the value, not its JSON.
 *
 * @throws Error for a name that is used already, and for a text whose parameters are not the declared ones
 */
export function statement<const Parameters extends DeclaredTypes = Nothing, const Columns extends DeclaredTypes = Nothing>(
  declaration: Declaration<Parameters, Columns>,
): Statement<RowOf<Columns>, ParametersOf<Parameters>>;
export function statement({
  name,
  text: source,
  parameters = {},
  columns = {},
}: Declaration<DeclaredTypes, DeclaredTypes>): Statement<unknown, Readonly<Record<string, unknown>>> {
  const names = Object.keys(parameters);
  const types = mapTypes(parameters);
  const text = inStatement(name, () => compileNamedParameters(source, names));
  register({ name, source, text, parameters: types, columns: mapTypes(columns) });
  return {
    name,
    text,
    toValues: (given) => {
      const unknown = Object.keys(given).find((key) => !(key in types));
      if (unknown !== undefined) throw new Error(`${name} has no parameter ${unknown}`);
      return names.map((parameter) => {
        const value = given[parameter];
        if (value === undefined) throw new Error(`${name} lacks the parameter ${parameter}`);
        return isJson(types[parameter]) && value !== null ? JSON.stringify(value) : value;
      });
    },
  };
}

const isJson = (type: SqlType | undefined): boolean => type === 'json' || type === 'jsonb';

function register(declared: DeclaredStatement): void {
  const { name } = declared;
  if (name === '' || Buffer.byteLength(name) > MAX_NAME_LENGTH) throw new Error(`a statement cannot be named '${name}'`);
  if (statements.has(name)) throw new Error(`two statements are named ${name}`);
  statements.set(name, declared);
}

function inStatement<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`the statement ${name} cannot be compiled: ${(error as Error).message}`, { cause: error });
  }
}

const mapTypes = (declared: DeclaredTypes): Record<string, SqlType> =>
  Object.fromEntries(Object.entries(declared).map(([name, type]: [string, Declared]) => [name, sqlTypeOf(type)]));
