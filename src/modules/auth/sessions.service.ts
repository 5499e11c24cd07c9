import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Actor, SignedInActor } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { logSecurityEvent } from '../../common/logging/security-log.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { Transaction } from '../../database/database.js';
import { type UserProfile, UsersService } from '../users/index.js';
import { type AccessClaims, AccessTokensService } from './access-tokens.service.js';
import { AccountDisabledError, InvalidTokenError, RefreshTokenReusedError, SessionEndedError } from './auth.errors.js';
import { judgeRefresh } from './refresh-rules.js';
import { firstToken, hashOfToken, isOfFamily, parseRefreshToken, type RefreshToken, successorOf } from './refresh-token.js';
import { type ListedSession, type SessionPageRequest, SessionsRepository } from './sessions.repository.js';

/** A lost race means that another request has rotated the token. The token is then spent, and judged as that. */
const ROTATION_ATTEMPTS = 3;

/** The result of a sign-in. Times in seconds. */
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
    private readonly accessTokens: AccessTokensService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws SessionEndedError, AccountDisabledError */
  async getActor(claims: AccessClaims): Promise<SignedInActor> {
    const found = await this.sessions.findActor(claims);
    if (found?.isDisabled) throw new AccountDisabledError();
    if (!found?.isLive) throw new SessionEndedError();
    return found;
  }

  /** The given sessions that are live, and whose users are not disabled. */
  async liveOf(sessionIds: readonly string[]): Promise<Set<string>> {
    return this.sessions.liveOf(sessionIds);
  }

  /**
   * Starts a session of this user.
   *
   * @param signIn.passwordHash the hash that the password was checked against; undefined for a sign-in without one
   * @returns null when the account has changed since the sign-in was checked
   */
  async start(
    user: UserProfile,
    signIn: { readonly client: Client; readonly passwordHash?: string },
    transaction?: Transaction,
  ): Promise<Tokens | null> {
    const id = newId();
    const refreshKey = randomBytes(32);
    const refreshToken = firstToken(id, refreshKey);
    const refreshTokenHash = hashOfToken(refreshToken);
    const lifetimeMs = Math.min(this.config.REFRESH_TOKEN_TTL, this.sessions.maxAgeOf(user.role));
    const session = { id, userId: user.id, role: user.role, refreshKey, refreshTokenHash, lifetimeMs, ...signIn };
    if (!(await this.sessions.insert(session, transaction))) return null;
    logSecurityEvent('session_started', { user_id: user.id, session_id: id, role: user.role }, transaction);
    return this.toTokens(user, refreshToken, lifetimeMs);
  }

  /**
   * Spends a refresh token for its successor.
   *
   * @throws InvalidTokenError for a text that was never a token of ours, RefreshTokenReusedError (the session is
   * ended), SessionEndedError, AccountDisabledError
   */
  async refresh(text: string, client: Client): Promise<Tokens> {
    const token = parseRefreshToken(text);
    if (!token) throw new InvalidTokenError();
    const { successor, userId, leftMs } = await this.spend(token, client);
    // The tokens of an account that was disabled, or of a session that was ended meanwhile, would be useless.
    const actor = await this.getActor({ userId, sessionId: token.sessionId });
    return this.toTokens(await this.users.getMe(actor), successor, leftMs);
  }

  /** Ends the caller's own session. */
  async logOut({ sessionId, userId }: Actor): Promise<void> {
    await this.sessions.end({ id: sessionId, userId });
    logSecurityEvent('session_ended', { user_id: userId, session_id: sessionId });
  }

  /** Ends one of the caller's sessions. @throws NotFoundError */
  async end({ userId }: Actor, sessionId: string): Promise<void> {
    if (!(await this.sessions.end({ id: sessionId, userId }))) throw new NotFoundError();
    logSecurityEvent('session_ended', { user_id: userId, session_id: sessionId });
  }

  /** Ends all sessions of the caller except the current one. */
  async endOthers({ userId, sessionId }: Actor, transaction?: Transaction): Promise<void> {
    const count = await this.sessions.endAll({ userId, exceptId: sessionId }, transaction);
    if (count > 0) logSecurityEvent('sessions_ended', { user_id: userId, by: userId, count }, transaction);
  }

  /**
   * @param by the user who ends them: the owner or an administrator
   * @returns the number of sessions that were live
   */
  async endAll(transaction: Transaction, { userId, by }: { readonly userId: string; readonly by: string }): Promise<number> {
    const count = await this.sessions.endAll({ userId }, transaction);
    if (count > 0) logSecurityEvent('sessions_ended', { user_id: userId, by, count }, transaction);
    return count;
  }

  /** The live sessions of a user, newest first; one more than the limit when there are more. */
  list({ userId }: Pick<Actor, 'userId'>, { after, limit }: SessionPageRequest): Promise<ListedSession[]> {
    return this.sessions.list(userId, { after, limit: limit + 1 });
  }

  private async spend(token: RefreshToken, client: Client): Promise<{ successor: RefreshToken; userId: string; leftMs: number }> {
    const { sessionId } = token;
    const hash = hashOfToken(token);
    for (let attempt = 1; attempt <= ROTATION_ATTEMPTS; attempt += 1) {
      const stored = await this.sessions.findTokens(sessionId);
      // The row of an unknown session was deleted. The tag tells whether a token was ever one of a known session.
      if (!stored || !isOfFamily(token, stored.refreshKey)) throw new InvalidTokenError();
      const { userId } = stored;
      const successor = successorOf(token, stored.refreshKey);
      const successorHash = hashOfToken(successor);
      const verdict = judgeRefresh({
        hash,
        successorHash,
        currentHash: stored.refreshTokenHash,
        spentHash: stored.spentTokenHash,
        isSpentRecently: stored.isSpentRecently,
      });
      if (verdict === 'reuse') {
        await this.sessions.end({ id: sessionId, userId });
        throw new RefreshTokenReusedError();
      }
      if (!stored.isLive) throw new SessionEndedError();
      if (verdict === 'repeat') return { successor, userId, leftMs: stored.leftMs };
      const rotation = { currentHash: hash, successorHash, lifetimeMs: this.config.REFRESH_TOKEN_TTL };
      const leftMs = await this.sessions.rotate(sessionId, rotation, client);
      if (leftMs !== null) return { successor, userId, leftMs };
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
