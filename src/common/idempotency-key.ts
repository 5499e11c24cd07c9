import { createHash } from 'node:crypto';

/** A key that a client sends so that repeats of a request have one effect. */
export interface IdempotencyKey {
  /** Method and path. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of the body. The order of its fields does not matter. */
  readonly fingerprint: Buffer;
}

/** True for 1 to 255 printable ASCII characters. */
export const isIdempotencyKey = (value: string): boolean => /^[\x20-\x7e]{1,255}$/.test(value);

export function fingerprintOf(body: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([canonical(body)]))
    .digest();
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, canonical(child)]),
  );
}
