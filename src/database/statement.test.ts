import type { StatementRunner } from './database.js';
import { typed } from './sql-types.js';
import { declaredStatements, statement } from './statement.js';

const all = statement({
  name: 'test_all',
  parameters: { id: 'uuid', until: 'timestamptz?', names: 'text[]', data: 'jsonb', kind: typed<'a' | 'b' | null>('text') },
  columns: { id: 'uuid', until: 'timestamptz?', kind: typed<'a' | 'b'>('text') },
  text: 'SELECT :id AS id, :until AS until, :kind AS kind WHERE :names IS NOT NULL AND :data IS NOT NULL',
});
const none = statement({ name: 'test_none', text: 'DELETE FROM nowhere' });

describe('A statement', () => {
  it('puts its parameters into the order of its text, jsonb encoded', () => {
    expect(all.toValues({ kind: 'a', data: [{ a: 1 }], names: ['x'], until: null, id: '1' })).toEqual(['1', null, ['x'], '[{"a":1}]', 'a']);
    expect(all.toValues({ kind: null, data: null, names: [], until: new Date(0), id: '1' })).toEqual(['1', new Date(0), [], null, null]);
    expect(none.toValues({})).toEqual([]);
  });

  it('refuses parameters that it has not, and lacking ones', () => {
    const given = { kind: 'a', data: 1, names: [], until: null, id: '1' } as const;
    expect(() => all.toValues(Object.assign({}, given, { more: 1 }))).toThrow('test_all has no parameter more');
    expect(() => all.toValues(Object.assign({}, given, { id: undefined }))).toThrow('test_all lacks the parameter id');
  });

  it('has a name of its own that PostgreSQL does not cut', () => {
    expect(() => statement({ name: 'test_none', text: 'SELECT 1' })).toThrow('two statements are named test_none');
    expect(() => statement({ name: '', text: 'SELECT 1' })).toThrow(`a statement cannot be named ''`);
    expect(() => statement({ name: 'x'.repeat(64), text: 'SELECT 1' })).toThrow(`a statement cannot be named '${'x'.repeat(64)}'`);
    expect(() => statement({ name: 'test_broken', text: 'SELECT :id' })).toThrow(
      'the statement test_broken cannot be compiled: the parameter :id is not declared',
    );
    expect(declaredStatements().map(({ name }) => name)).toEqual(['test_all', 'test_none']);
  });

  it('is registered as it was written and as PostgreSQL reads it', () => {
    expect(declaredStatements()[0]).toEqual({
      name: 'test_all',
      source: 'SELECT :id AS id, :until AS until, :kind AS kind WHERE :names IS NOT NULL AND :data IS NOT NULL',
      text: 'SELECT $1 AS id, $2 AS until, $5 AS kind WHERE $3 IS NOT NULL AND $4 IS NOT NULL',
      parameters: { id: 'uuid', until: 'timestamptz', names: 'text[]', data: 'jsonb', kind: 'text' },
      columns: { id: 'uuid', until: 'timestamptz', kind: 'text' },
    });
  });
});

/** Never runs: the compiler is what judges it. */
export async function types(on: StatementRunner): Promise<unknown[]> {
  const given = { kind: 'a', data: 1, names: ['x'], until: null, id: '1' } as const;
  const [row] = await on.run(all, given);
  const exact: { readonly id: string; readonly until: Date | null; readonly kind: 'a' | 'b' } | undefined = row;
  // @ts-expect-error the column may be null
  const until: Date | undefined = row?.until;
  // @ts-expect-error there is no such column
  const more: unknown = row?.more;
  // @ts-expect-error a parameter is lacking
  await on.run(all, { kind: 'a', data: 1, names: ['x'], until: null });
  // @ts-expect-error there is no such parameter
  await on.run(all, { kind: 'a', data: 1, names: ['x'], until: null, id: '1', more: 1 });
  // @ts-expect-error a parameter has another type
  await on.run(all, { ...given, id: 1 });
  // @ts-expect-error a parameter may not be null
  await on.run(all, { ...given, id: null });
  // @ts-expect-error a value is none of the narrower type
  await on.run(all, { ...given, kind: 'c' });
  // @ts-expect-error parameters have names
  await on.run(all, ['1']);
  // @ts-expect-error there are no parameters
  await on.run(none, { id: '1' });
  await on.run(none, {});
  return [exact, until, more];
}
