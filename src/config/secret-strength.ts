import { deflateRawSync } from 'node:zlib';

/** Values that this repository has published, or whose text says that they have to be replaced. */
const PLACEHOLDER = /only-for-|of-these-tests|change-?me|simulated/i;

/** The least number of characters before a secret repeats itself. JWT_SECRET has at least as many characters. */
const LEAST_PERIOD = 32;

/** Bytes. 32 random digits, the weakest output of common generators, take 27 or more; 16 characters twice take 21. */
const LEAST_DEFLATED = 25;

/** Explains why a secret is weak, as a part of a sentence; null for a secret that may be strong. */
export function weaknessOf(secret: string): string | null {
  if (PLACEHOLDER.test(secret)) return 'is a published placeholder';
  if (hasShortPeriod(secret) || deflateRawSync(secret, { level: 9 }).length < LEAST_DEFLATED) return 'repeats itself or is too short';
  return null;
}

/** True when the secret repeats a text of fewer than 32 characters. */
function hasShortPeriod(secret: string): boolean {
  const longest = Math.min(LEAST_PERIOD - 1, Math.floor(secret.length / 2));
  return Array.from({ length: longest }, (_, i) => i + 1).some((period) => secret.slice(period) === secret.slice(0, -period));
}
