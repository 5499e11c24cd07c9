/**
 * Upper bounds of the classes, in milliseconds: each is √2 times the one before, from 50 ms to about a quarter of an
 * hour. The last class is open.
 */
export const LATENCY_BOUNDS: readonly number[] = Array.from({ length: 29 }, (_, i) => Math.round(50 * 2 ** (i / 2)));

/** The number of classes in a histogram of latencies. */
export const LATENCY_CLASSES = LATENCY_BOUNDS.length + 1;

/**
 * The latency that `part` of the counted replies did not exceed, in milliseconds; off by less than the width of its
 * class. Null when nothing was counted.
 *
 * @param counts the count of each class, in the order of LATENCY_BOUNDS
 * @param part such as 0.95
 */
export function percentile(counts: readonly number[], part: number): number | null {
  const wanted = counts.reduce((sum, count) => sum + count, 0) * part;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const lower = LATENCY_BOUNDS[i - 1] ?? 0;
      const upper = LATENCY_BOUNDS[i] ?? lower;
      return Math.round(lower + ((wanted - below) / count) * (upper - lower));
    }
    below += count;
  }
  return null;
}
