import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StatementRunner } from '../../database/database.js';
import { type UserProfile, UsersService } from '../users/index.js';
import { type AccessClaims, AccessTokens } from './access-tokens.js';
import { AccountDisabledError, InvalidTokenError, RefreshTokenReusedError, SessionEndedError } from './auth.errors.js';
import { judgeRefresh } from './refresh-rules.js';
import { firstToken, hashOfToken, isOfFamily, parseRefreshToken, type RefreshToken, successorOf } from './refresh-token.js';
import { type ActorRow, type SessionRow, SessionsRepository } from './sessions.repository.js';

/** Each loss of a race means that another request rotated; then the token is spent, and judged as that. */
const ROTATION_TRIES = 3;

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
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokens,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws SessionEndedError, AccountDisabledError */
  async getActor({ userId, sessionId }: AccessClaims): Promise<Actor> {
    const row = await this.sessions.findActor(sessionId, userId);
    return toActor(userId, sessionId, row);
  }

  /** Those of `sessionIds` that may still act. */
  async liveOf(sessionIds: readonly string[]): Promise<Set<string>> {
    return this.sessions.liveOf(sessionIds);
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
    const refreshTokenHash = hashOfToken(refreshToken);
    const lifetimeMs = Math.min(this.config.REFRESH_TOKEN_TTL, this.sessions.maxAgeOf(user.role));
    const session = { id, userId: user.id, role: user.role, refreshKey, refreshTokenHash, client, lifetimeMs };
    return (await this.sessions.insert(session, passwordHash, on)) ? this.toTokens(user, refreshToken, lifetimeMs) : null;
  }

  /**
   * Spends a refresh token for the next one.
   *
   * @throws InvalidTokenError for what was never a token of ours, RefreshTokenReusedError (the session is ended), SessionEndedError,
   *   AccountDisabledError
   */
  async refresh(text: string, client: Client): Promise<Tokens> {
    const token = parseRefreshToken(text);
    if (!token) throw new InvalidTokenError();
    const { successor, userId, leftMs } = await this.spend(token, client);
    // Of an account that was disabled, or a session that was ended meanwhile, the tokens would be of no use; say so now.
    const actor = await this.getActor({ userId, sessionId: token.sessionId });
    return this.toTokens(await this.users.getMe(actor), successor, leftMs);
  }

  /** Ends the caller's own session. */
  async logOut({ sessionId, userId }: Actor): Promise<void> {
    await this.sessions.end(sessionId, userId);
  }

  /** @throws NotFoundError */
  async end({ userId }: Actor, sessionId: string): Promise<void> {
    if (!(await this.sessions.end(sessionId, userId))) throw new NotFoundError();
  }

  /** Ends all sessions of the caller but this one. */
  async endOthers({ userId, sessionId }: Actor, on?: StatementRunner): Promise<void> {
    await this.sessions.endAll(userId, sessionId, on);
  }

  /** @returns how many were live */
  async endAll(userId: string, on?: StatementRunner): Promise<number> {
    return this.sessions.endAll(userId, null, on);
  }

  /** A user's live sessions, newest first; one more than asked for when there are more. */
  list({ userId }: Pick<Actor, 'userId'>, after: readonly string[] | null, limit: number): Promise<SessionRow[]> {
    return this.sessions.list(userId, after, limit + 1);
  }

  private async spend(token: RefreshToken, client: Client): Promise<{ successor: RefreshToken; userId: string; leftMs: number }> {
    const hash = hashOfToken(token);
    for (let tries = 1; tries <= ROTATION_TRIES; tries += 1) {
      const stored = await this.sessions.findTokens(token.sessionId);
      // An unknown session was erased, or is long over; of a known one the tag tells whether this was ever its token.
      if (!stored || !isOfFamily(token, stored.refresh_key)) throw new InvalidTokenError();
      const successor = successorOf(token, stored.refresh_key);
      const successorHash = hashOfToken(successor);
      const verdict = judgeRefresh({
        hash,
        successorHash,
        currentHash: stored.refresh_token_hash,
        spentHash: stored.spent_token_hash,
        isSpentRecently: stored.is_spent_recently,
      });
      if (verdict === 'reuse') {
        await this.sessions.end(token.sessionId, stored.user_id);
        throw new RefreshTokenReusedError();
      }
      if (!stored.is_live) throw new SessionEndedError();
      if (verdict === 'repeat') return { successor, userId: stored.user_id, leftMs: stored.left_ms };
      const leftMs = await this.sessions.rotate(token.sessionId, hash, successorHash, this.config.REFRESH_TOKEN_TTL, client);
      if (leftMs !== null) return { successor, userId: stored.user_id, leftMs };
    }
    throw new SessionEndedError();
  }

  private async toTokens(user: UserProfile, refreshToken: RefreshToken, leftMs: number): Promise<Tokens> {
    return {
      accessToken: await this.accessTokens.sign({ userId: user.id, sessionId: refreshToken.sessionId }),
      refreshToken: refreshToken.text,
      expiresIn: this.accessTokens.lifetime,
      refreshExpiresIn: Math.floor(leftMs / 1_000),
      user,
    };
  }
}

function toActor(userId: string, sessionId: string, row: ActorRow | null): Actor {
  if (!row) throw new SessionEndedError();
  if (row.is_disabled) throw new AccountDisabledError();
  if (!row.is_live) throw new SessionEndedError();
  return { userId, sessionId, role: row.role, plan: row.plan, isVerified: row.is_verified, listVersion: row.list_version };
}
