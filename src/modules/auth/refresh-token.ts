import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { UUID } from 'uuidv7';

const ID_BYTES = 16;
const SECRET_BYTES = 32;
const TAG_BYTES = 16;

/**
 * An opaque refresh token: the session's id, a secret, and a tag by the session's own key. The tag tells a token that
 * once belonged to the family from an invented one, which must not end the family.
 */
export interface RefreshToken {
  readonly sessionId: string;
  readonly text: string;
}

const tagOf = (key: Buffer, secret: Buffer): Buffer =>
  createHmac('sha256', key).update('tag').update(secret).digest().subarray(0, TAG_BYTES);

const assemble = (sessionId: string, key: Buffer, secret: Buffer): RefreshToken => ({
  sessionId,
  text: Buffer.concat([UUID.parse(sessionId).bytes, secret, tagOf(key, secret)]).toString('base64url'),
});

const secretIn = (token: RefreshToken): Buffer => Buffer.from(token.text, 'base64url').subarray(ID_BYTES, ID_BYTES + SECRET_BYTES);

/** The first token of a session. */
export const firstToken = (sessionId: string, key: Buffer): RefreshToken => assemble(sessionId, key, randomBytes(SECRET_BYTES));

/**
 * The successor of a token. It is derived from the token, so all requests that spend the same token get the same
 * successor, although it is not stored.
 */
export const successorOf = (token: RefreshToken, key: Buffer): RefreshToken =>
  assemble(token.sessionId, key, createHmac('sha256', key).update('successor').update(secretIn(token)).digest());

/** @returns null for a text that does not have the form of a token */
export function parseRefreshToken(text: string): RefreshToken | null {
  if (!/^[A-Za-z0-9_-]{86}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== ID_BYTES + SECRET_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) return null;
  const sessionId = UUID.ofInner(bytes.subarray(0, ID_BYTES));
  return sessionId.getVersion() === undefined ? null : { sessionId: sessionId.toString(), text };
}

/** True when the token is, or once was, one of the session that has this key. */
export function isOfFamily(token: RefreshToken, key: Buffer): boolean {
  return timingSafeEqual(Buffer.from(token.text, 'base64url').subarray(ID_BYTES + SECRET_BYTES), tagOf(key, secretIn(token)));
}

/** The hash that is stored of a token. The secret has 256 bits, so it needs no salt and no slow hash. */
export const hashOfToken = (token: RefreshToken): Buffer => createHash('sha256').update(token.text).digest();
