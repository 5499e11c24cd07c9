import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Key of the codes, made of the key of the access tokens so that there is one secret to keep. */
export const codeKeyFrom = (secret: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', 'one-time codes', 32));

/** The six digits of a challenge. Nothing that stores or delivers challenges needs to hold them. */
export function codeOf(challengeId: string, key: Buffer): string {
  // 48 bits reduced to a million values: the first few are more likely than the rest by less than one in 10^8.
  const value = createHmac('sha256', key).update(challengeId).digest().readUIntBE(0, 6) % 1_000_000;
  return String(value).padStart(6, '0');
}

/** Compares in constant time. */
export const isCodeOf = (challengeId: string, given: string, key: Buffer): boolean => {
  const code = codeOf(challengeId, key);
  return given.length === code.length && timingSafeEqual(Buffer.from(given), Buffer.from(code));
};
