import { createHash, createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { isId } from '../../common/ids.js';

export const ISSUER = 'gemini-chat-backend';
export const AUDIENCE = 'gemini-chat-api';
export const ALGORITHM = 'HS256';
/** RFC 9068, 2.1: tells access tokens from every other token of this issuer. */
const TYPE = 'at+jwt';

/** The claims of an access token whose signature, times, issuer and audience have been checked. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

@Injectable()
export class AccessTokensService {
  /** In seconds. */
  readonly lifetime: number;
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly currentId: string;

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
   * The key that this token claims to be signed with; null when the key is unknown or the token is not an access token.
   */
  keyOf(token: string): Buffer | null {
    const decoded: unknown = this.jwt.decode(token, { complete: true });
    if (typeof decoded !== 'object' || decoded === null || !('header' in decoded)) return null;
    const { kid, typ, alg, crit } = decoded.header as { kid?: unknown; typ?: unknown; alg?: unknown; crit?: unknown };
    // RFC 7515, 4.1.11: a token with critical extensions is invalid for a recipient that does not support them.
    if (crit !== undefined) return null;
    return typ === TYPE && alg === ALGORITHM && typeof kid === 'string' ? (this.keys.get(kid) ?? null) : null;
  }

  /** The user of a genuine token, whether or not its session is live; null for any other text. */
  async userOf(token: string): Promise<string | null> {
    const secret = this.keyOf(token);
    if (secret === null) return null;
    const payload: unknown = await this.jwt
      .verifyAsync(token, { secret, algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE })
      .catch(() => null);
    return this.claimsOf(payload)?.userId ?? null;
  }

  /** The claims of a verified payload; null when one is missing. jsonwebtoken checks `exp` only where there is one. */
  claimsOf(payload: unknown): AccessClaims | null {
    if (typeof payload !== 'object' || payload === null) return null;
    const { sub, sid, exp } = payload as { sub?: unknown; sid?: unknown; exp?: unknown };
    if (typeof exp !== 'number' || typeof sub !== 'string' || typeof sid !== 'string' || !isId(sub) || !isId(sid)) return null;
    return { userId: sub, sessionId: sid };
  }
}

/**
 * A KeyObject, which jsonwebtoken uses as it is. With any other secret it first tries to create a public key at every
 * verification, and that failure takes a millisecond. The types of @nestjs/jwt and passport-jwt, which pass the key on,
 * do not include KeyObject.
 */
const toKey = (secret: string): Buffer => createSecretKey(secret, 'utf8') as unknown as Buffer;

const keyId = (secret: string): string => createHash('sha256').update(`key id ${secret}`).digest('base64url').slice(0, 12);
