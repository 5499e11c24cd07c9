import { compileNamedParameters } from './named-parameters.js';

const compile = (text: string, ...names: string[]) => compileNamedParameters(text, names);

describe('Named parameters', () => {
  it('become positions in the order of their declaration, the same name the same position', () => {
    expect(compile('SELECT :b, :a, :b + 1 WHERE x=:a_1', 'a', 'b', 'a_1')).toBe('SELECT $2, $1, $2 + 1 WHERE x=$3');
  });

  it.each([
    [`SELECT :id::uuid, now()::date, '1'::text[]`, `SELECT $1::uuid, now()::date, '1'::text[]`],
    [`SELECT (:id)::uuid, :id ::uuid`, `SELECT ($1)::uuid, $1 ::uuid`],
    [`SELECT CAST(:id AS uuid), f(x := :id, y => :id)`, `SELECT CAST($1 AS uuid), f(x := $1, y => $1)`],
    [`SELECT a[:id], a[1:2], a[1:n], a[f(x):n], a[b[1]:n] , a[1 : :id]`, `SELECT a[$1], a[1:2], a[1:n], a[f(x):n], a[b[1]:n] , a[1 : $1]`],
    [`SELECT data->:id, x IN (:id,:id)`, `SELECT data->$1, x IN ($1,$1)`],
    [`SELECT ARRAY[:id,:id]`, `SELECT ARRAY[$1,$1]`],
  ])('stand beside casts, named arguments and slices of arrays: %s', (text, compiled) => {
    expect(compile(text, 'id')).toBe(compiled);
  });

  it.each([
    `'at :x, 12:30, it''s :x'`,
    `E'it\\'s :x'`,
    `e'a\\\\'`,
    `"odd :x name "" :x"`,
    `$$ :x $1 $$`,
    `$tag$ :x $$ :x $tag$`,
    `-- :x it's\n`,
    `/* :x it's\n $1 */`,
    `'{"a": [":x"]}'::jsonb`,
  ])('are not looked for in strings, quoted names and comments: %s', (part) => {
    expect(compile(`SELECT ${part} , :id`, 'id')).toBe(`SELECT ${part} , $1`);
  });

  it('that are not declared, or not used, are refused', () => {
    expect(() => compile('SELECT :id, :other', 'id')).toThrow('the parameter :other is not declared');
    expect(() => compile(`SELECT :id, ':other'`, 'id', 'other', 'another')).toThrow(
      'the text does not use the declared parameter other, another',
    );
  });

  it('do not mix with positional ones', () => {
    expect(() => compile('SELECT :id, $1', 'id')).toThrow('$1 is a positional parameter: write :name');
  });

  it('are not needed', () => {
    expect(compile('SELECT now()::date')).toBe('SELECT now()::date');
  });
});
