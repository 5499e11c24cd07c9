import { retryDelay } from './retry-delay.js';

test.each([
  [1, 500, 1_000],
  [2, 1_000, 2_000],
  [4, 4_000, 8_000],
  [30, 30_000, 60_000],
])('attempt %i waits between %i and %i ms', (attempt, least, most) => {
  expect(retryDelay({ attempt, baseMs: 1_000, atLeastMs: 0 }, () => 0)).toBe(least);
  expect(retryDelay({ attempt, baseMs: 1_000, atLeastMs: 0 }, () => 1)).toBe(most);
});

test('the vendor is never asked sooner than it wants', () => {
  expect(retryDelay({ attempt: 1, baseMs: 1_000, atLeastMs: 23_000 }, () => 0.5)).toBe(23_000);
});
