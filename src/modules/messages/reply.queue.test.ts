import { priorityOf } from './reply.queue.js';

const NOW = Date.parse('2026-11-22T20:15:03.120Z');
const HIGHEST = 2_097_151;

test('a Basic job yields to Pro jobs that are added in the next half minute, and to no later ones', () => {
  const basic = priorityOf('basic', NOW);
  expect(priorityOf('pro', NOW)).toBeLessThan(basic);
  expect(priorityOf('pro', NOW + 29_000)).toBeLessThan(basic);
  expect(priorityOf('pro', NOW + 31_000)).toBeGreaterThan(basic);
  expect(priorityOf('basic', NOW + 1_000)).toBeGreaterThan(basic);
});

test('it is always one that BullMQ knows', () => {
  const priorities = Array.from({ length: 60 }, (_, i) => priorityOf('pro', (HIGHEST * 850 + i - 30) * 1_000));
  expect(Math.min(...priorities)).toBe(1);
  expect(Math.max(...priorities)).toBe(HIGHEST);
  expect(priorities.every(Number.isInteger)).toBe(true);
});
