import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** The key of the codes. It is derived from the key of the access tokens, so that there is one secret to configure. */
export const codeKeyFrom = (secret: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', 'one-time codes', 32));

/** The six digits of a challenge. They are derived, so no table and no job holds them. */
export function codeOf(challengeId: string, key: Buffer): string {
  // 48 bits are reduced to a million values. The first ones are more likely than the others by less than one in 10^8.
  const value = createHmac('sha256', key).update(challengeId).digest().readUIntBE(0, 6) % 1_000_000;
  return String(value).padStart(6, '0');
}

/** Compares in constant time. */
export const isCodeOf = (challengeId: string, given: string, key: Buffer): boolean => {
  const code = codeOf(challengeId, key);
  return given.length === code.length && timingSafeEqual(Buffer.from(given), Buffer.from(code));
};
