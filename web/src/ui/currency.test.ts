import { inWholeUnits } from './currency.ts';

it.each([
  [999, 'usd', 9.99],
  [999, 'USD', 9.99],
  [999, 'jpy', 999],
  [999, 'krw', 999],
  [999, 'mga', 999],
  [99_900, 'isk', 999],
  [99_900, 'ugx', 999],
  [99_950, 'huf', 999.5],
  [99_950, 'twd', 999.5],
  [9_990, 'kwd', 9.99],
])('%d of %s is %d whole units', (amount, currency, expected) => {
  expect(inWholeUnits({ amount, currency })).toBe(expected);
});
