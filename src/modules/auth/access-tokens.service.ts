import { createHash, createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService, TokenExpiredError } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { isId } from '../../common/ids.js';

const ISSUER = 'gemini-chat-backend';
const AUDIENCE = 'gemini-chat-api';
const ALGORITHM = 'HS256';
/** RFC 9068, 2.1: tells access tokens from every other token of this issuer. */
const TYPE = 'at+jwt';

/** The claims of an access token whose signature, times, issuer and audience have been checked. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

interface VerifiedToken extends AccessClaims {
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Tokens of a few hundred characters. */
const MAX_REMEMBERED = 20_000;

@Injectable()
export class AccessTokensService {
  /** In seconds. */
  readonly lifetime: number;
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly currentId: string;
  private readonly verified = new LRUCache<string, VerifiedToken>({ max: MAX_REMEMBERED });

  constructor(
    private readonly jwt: JwtService,
    @InjectConfig() { JWT_SECRET, JWT_SECRET_PREVIOUS, ACCESS_TOKEN_TTL }: Config,
  ) {
    if (JWT_SECRET === undefined) throw new Error('JWT_SECRET is required by every entry point that signs people in');
    this.lifetime = Math.max(1, Math.floor(ACCESS_TOKEN_TTL / 1_000));
    this.currentId = keyId(JWT_SECRET);
    const previous = JWT_SECRET_PREVIOUS === undefined ? [] : [[keyId(JWT_SECRET_PREVIOUS), toKey(JWT_SECRET_PREVIOUS)] as const];
    this.keys = new Map([...previous, [this.currentId, toKey(JWT_SECRET)]]);
  }

  sign({ userId, sessionId }: AccessClaims): Promise<string> {
    return this.jwt.signAsync(
      { sid: sessionId },
      {
        secret: this.keys.get(this.currentId) ?? '',
        algorithm: ALGORITHM,
        keyid: this.currentId,
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: userId,
        expiresIn: this.lifetime,
        header: { alg: ALGORITHM, typ: TYPE },
      },
    );
  }

  /**
   * Checks a token: signature, times, issuer, audience and claims, but not whether its session is live. A genuine
   * token is remembered until it expires; the keys stay the same for as long as the process runs.
   *
   * @returns its claims; `expired` for a token that was genuine; null for any other text
   */
  verify(token: string): AccessClaims | 'expired' | null {
    const known = this.verified.get(token);
    if (known !== undefined) return known.expiresAt > Date.now() ? known : 'expired';
    const secret = this.keyOf(token);
    if (secret === null) return null;
    let payload: unknown;
    try {
      payload = this.jwt.verify(token, { secret, algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE });
    } catch (error) {
      return error instanceof TokenExpiredError ? 'expired' : null;
    }
    const verified = toVerified(payload);
    if (verified !== null) this.verified.set(token, verified);
    return verified;
  }

  /**
   * The key that this token claims to be signed with; null when the key is unknown or the token is not an access token.
   */
  private keyOf(token: string): Buffer | null {
    const decoded: unknown = this.jwt.decode(token, { complete: true });
    if (typeof decoded !== 'object' || decoded === null || !('header' in decoded)) return null;
    const { kid, typ, alg, crit } = decoded.header as { kid?: unknown; typ?: unknown; alg?: unknown; crit?: unknown };
    // RFC 7515, 4.1.11: a token with critical extensions is invalid for a recipient that does not support them.
    if (crit !== undefined) return null;
    return typ === TYPE && alg === ALGORITHM && typeof kid === 'string' ? (this.keys.get(kid) ?? null) : null;
  }
}

/** The token of a request that has one (RFC 6750, 2.1). */
export const bearerTokenOf = (authorization: string | undefined): string | null =>
  /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null;

/** The claims of a verified payload; null when one is missing. jsonwebtoken checks `exp` only where there is one. */
function toVerified(payload: unknown): VerifiedToken | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { sub, sid, exp } = payload as { sub?: unknown; sid?: unknown; exp?: unknown };
  if (typeof exp !== 'number' || typeof sub !== 'string' || typeof sid !== 'string' || !isId(sub) || !isId(sid)) return null;
  return { userId: sub, sessionId: sid, expiresAt: exp * 1_000 };
}

/**
 * A KeyObject, which jsonwebtoken uses as it is. With any other secret it first tries to create a public key at every
 * verification, and that failure takes a millisecond. The types of @nestjs/jwt, which passes the key on, do not
 * include KeyObject.
 */
const toKey = (secret: string): Buffer => createSecretKey(secret, 'utf8') as unknown as Buffer;

const keyId = (secret: string): string => createHash('sha256').update(`key id ${secret}`).digest('base64url').slice(0, 12);
