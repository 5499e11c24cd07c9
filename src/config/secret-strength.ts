import { deflateRawSync } from 'node:zlib';

/** Values that this repository has published, or that say themselves that they are to be replaced. */
const PLACEHOLDER = /only-for-|of-these-tests|change-?me|simulated/i;

/** A secret counts as long as what it repeats; JWT_SECRET has at least so many characters. */
const LEAST_PERIOD = 32;

/** In bytes. 32 random digits, the least of what generators make, take 27 and more; 16 characters twice take 21. */
const LEAST_DEFLATED = 25;

/** Why a secret protects nothing, as a part of a sentence; null for one that may be good. */
export function weaknessOf(secret: string): string | null {
  if (PLACEHOLDER.test(secret)) return 'is a published placeholder';
  if (hasShortPeriod(secret) || deflateRawSync(secret, { level: 9 }).length < LEAST_DEFLATED) return 'repeats itself or is too short';
  return null;
}

/** Whether it is a piece of fewer than 32 characters, twice or more often. */
function hasShortPeriod(secret: string): boolean {
  const longest = Math.min(LEAST_PERIOD - 1, Math.floor(secret.length / 2));
  return Array.from({ length: longest }, (_, i) => i + 1).some((period) => secret.slice(period) === secret.slice(0, -period));
}
