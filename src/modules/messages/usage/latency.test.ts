import { LATENCY_BOUNDS, LATENCY_CLASSES, percentile } from './latency.js';

const histogram = (latencies: readonly number[]): number[] => {
  const counts = Array<number>(LATENCY_CLASSES).fill(0);
  for (const ms of latencies) {
    const i = LATENCY_BOUNDS.findIndex((bound) => ms < bound);
    const at = i === -1 ? LATENCY_CLASSES - 1 : i;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
};

test('the classes reach from 50 ms to about a quarter of an hour', () => {
  expect(LATENCY_BOUNDS.slice(0, 5)).toEqual([50, 71, 100, 141, 200]);
  expect(LATENCY_BOUNDS.at(-1)).toBe(819_200);
});

test.each([0.5, 0.9, 0.95, 0.99])('percentile %d is within a class of the true one', (part) => {
  const latencies = Array.from({ length: 1_000 }, (_, i) => 80 * 1.008 ** i);
  const exact = latencies[Math.ceil(part * 1_000) - 1] ?? 0;
  const estimate = percentile(histogram(latencies), part) ?? 0;
  expect(Math.max(exact / estimate, estimate / exact)).toBeLessThan(Math.SQRT2);
});

test('nothing counted has no percentile, and what is beyond the last bound is given as that bound', () => {
  expect(percentile(histogram([]), 0.5)).toBeNull();
  expect(percentile(histogram([2_000_000]), 0.5)).toBe(819_200);
});
