import { createHmac, hkdfSync } from 'node:crypto';

interface HashKeys {
  readonly JWT_SECRET?: string | undefined;
  readonly JWT_SECRET_PREVIOUS?: string | undefined;
}

/**
 * Hashes of a text that can be compared but not guessed without the secret (HMAC-SHA256), so that it can be recognised
 * after it was deleted: one under each accepted secret, that of the current one first.
 *
 * @param purpose hashes for different purposes have nothing in common
 */
export function keyedHashesOf(
  text: string,
  purpose: string,
  { JWT_SECRET: current, JWT_SECRET_PREVIOUS: previous }: HashKeys,
): [Buffer, ...Buffer[]] {
  if (current === undefined) throw new Error('JWT_SECRET is required by every entry point that serves accounts');
  const hashOf = (secret: string) =>
    createHmac('sha256', Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
      .update(text)
      .digest();
  return [hashOf(current), ...(previous === undefined ? [] : [hashOf(previous)])];
}
