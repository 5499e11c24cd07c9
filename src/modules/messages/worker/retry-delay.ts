const MAX_DELAY_MS = 60_000;

/**
 * Exponential back-off with jitter over its upper half, never shorter than the vendor asked for.
 *
 * @param attempt the number of the attempt that failed, from 1
 * @returns milliseconds
 */
export function retryDelay(
  { attempt, baseMs, atLeastMs }: { attempt: number; baseMs: number; atLeastMs: number },
  random = Math.random,
): number {
  const full = Math.min(MAX_DELAY_MS, baseMs * 2 ** (attempt - 1));
  return Math.round(Math.max(atLeastMs, full / 2 + (full / 2) * random()));
}
