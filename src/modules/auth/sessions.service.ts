import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StatementRunner } from '../../database/database.js';
import type { UserProfile } from '../users/index.js';
import { type AccessClaims, AccessTokens } from './access-tokens.js';
import { AccountDisabledError, SessionEndedError } from './auth.errors.js';
import { firstToken, hashOfToken, type RefreshToken } from './refresh-token.js';
import { SessionsRepository } from './sessions.repository.js';

/** Where a request comes from, for the list of sessions and for limits. */
export interface Client {
  readonly device: string | null;
  readonly ip: string;
}

/** What a client gets when it signs in. Times in seconds. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
  readonly refreshExpiresIn: number;
  readonly user: UserProfile;
}

@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly accessTokens: AccessTokens,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws SessionEndedError, AccountDisabledError */
  async getActor({ userId, sessionId }: AccessClaims): Promise<Actor> {
    const row = await this.sessions.findActor(sessionId, userId);
    if (!row) throw new SessionEndedError();
    if (row.is_disabled) throw new AccountDisabledError();
    if (!row.is_live) throw new SessionEndedError();
    return { userId, sessionId, role: row.role, plan: row.plan, isVerified: row.is_verified, listVersion: row.list_version };
  }

  /**
   * A session of this user.
   *
   * @param passwordHash what the password was checked against; null when something else was checked
   * @returns null when the account has changed since it was checked
   */
  async start(user: UserProfile, passwordHash: string | null, client: Client, on?: StatementRunner): Promise<Tokens | null> {
    const id = newId();
    const refreshKey = randomBytes(32);
    const refreshToken = firstToken(id, refreshKey);
    const started = await this.sessions.insert(
      {
        id,
        userId: user.id,
        refreshKey,
        refreshTokenHash: hashOfToken(refreshToken),
        device: client.device,
        ip: client.ip,
        lifetimeMs: this.config.REFRESH_TOKEN_TTL,
      },
      passwordHash,
      on,
    );
    return started ? this.toTokens(user, refreshToken) : null;
  }

  private async toTokens(user: UserProfile, refreshToken: RefreshToken): Promise<Tokens> {
    return {
      accessToken: await this.accessTokens.sign({ userId: user.id, sessionId: refreshToken.sessionId }),
      refreshToken: refreshToken.text,
      expiresIn: this.accessTokens.lifetime,
      refreshExpiresIn: Math.floor(this.config.REFRESH_TOKEN_TTL / 1_000),
      user,
    };
  }
}
