import { addInterval } from './clock.js';

describe('addInterval', () => {
  const unix = (date: string): number => Date.parse(`${date}T10:30:00Z`) / 1000;
  test.each([
    ['2026-01-01', 'day', 30, '2026-01-31'],
    ['2026-01-01', 'week', 2, '2026-01-15'],
    ['2026-01-31', 'month', 1, '2026-02-28'],
    ['2026-12-31', 'month', 2, '2027-02-28'],
    ['2024-02-29', 'year', 1, '2025-02-28'],
    ['2026-03-15', 'month', 12, '2027-03-15'],
  ])('%s and %s × %d', (from, interval, count, to) => {
    expect(addInterval(unix(from), interval, count)).toBe(unix(to));
  });
});
