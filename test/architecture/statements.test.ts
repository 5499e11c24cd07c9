import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Client, type Connection, type Submittable } from 'pg';
import { generatedFiles } from '../../src/apps/cli/generated-files.js';
import { declaredStatements } from '../../src/database/statement.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let client: Client;
/** The short names of PostgreSQL's types, by their ids. */
let typeNames: ReadonlyMap<number, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ oid: number; name: string }>(
    `SELECT t.oid::int4, coalesce(e.typname || '[]', t.typname) AS name FROM pg_type t LEFT JOIN pg_type e ON e.typarray = t.oid`,
  );
  typeNames = new Map(rows.map(({ oid, name }) => [oid, name]));
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

interface Described {
  readonly parameters: string[];
  readonly columns: [name: string, type: string][];
}

/** Prepares a statement as pg does, without running it, and asks PostgreSQL for its parameters and columns. */
class Describe implements Submittable {
  private parameters: readonly number[] = [];
  private fields: readonly { name: string; dataTypeID: number }[] = [];
  private settle: { resolve(described: Described): void; reject(error: Error): void } | null = null;
  readonly described = new Promise<Described>((resolve, reject) => {
    this.settle = { resolve, reject };
  });

  constructor(private readonly statement: { readonly name: string; readonly text: string }) {}

  submit(connection: Connection): void {
    connection.once('parameterDescription', ({ dataTypeIDs }: { dataTypeIDs: number[] }) => (this.parameters = dataTypeIDs));
    connection.parse({ ...this.statement, types: [] }, true);
    connection.describe({ type: 'S', name: this.statement.name }, true);
    connection.sync();
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.fields = fields;
  }

  handleError(error: Error): void {
    this.settle?.reject(error);
  }

  handleReadyForQuery(): void {
    const nameOf = (id: number) => typeNames.get(id) ?? String(id);
    this.settle?.resolve({
      parameters: this.parameters.map(nameOf),
      columns: this.fields.map(({ name, dataTypeID }) => [name, nameOf(dataTypeID)]),
    });
  }
}

const describeStatement = (statement: { readonly name: string; readonly text: string }): Promise<Described> =>
  client.query(new Describe(statement)).described;

it.each(declaredStatements())(
  '$name has the parameters and columns that PostgreSQL finds in it',
  async ({ name, text, parameters, columns }) => {
    const described = await describeStatement({ name, text });
    expect(described).toEqual({ parameters: Object.values(parameters), columns: Object.entries(columns) });
  },
);

it('a statement that PostgreSQL refuses, or understands otherwise, is found', async () => {
  await expect(describeStatement({ name: 'refused', text: 'SELECT id FROM nowhere' })).rejects.toMatchObject({ code: '42P01' });
  expect(await describeStatement({ name: 'described', text: 'SELECT id, $1::int4 AS one FROM users WHERE id = ANY ($2)' })).toEqual({
    parameters: ['int4', 'uuid[]'],
    columns: [
      ['id', 'uuid'],
      ['one', 'int4'],
    ],
  });
});

it('every file that declares statements belongs to an application', async () => {
  const known = declaredStatements().map(({ name }) => name);
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && readFileSync(`src/${file}`, 'utf8').includes("/statement.js'"),
  );
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) await import(resolve('src', file));
  expect(declaredStatements().map(({ name }) => name)).toEqual(known);
});

it('docs/statements.sql shows each statement once, by its name', async () => {
  const text = (await generatedFiles())['docs/statements.sql'] ?? '';
  const names = [...text.matchAll(/^-- (\w+)$/gm)].map(([, name]) => name);
  expect(names).toEqual(declaredStatements().map(({ name }) => name));
});
