import type { CookieSerializeOptions } from '@fastify/cookie';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAllowedOrigin } from '../../../common/http/allowed-origins.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { InvalidTokenError, OriginNotAllowedError } from '../auth.errors.js';
import type { Tokens } from '../sessions.service.js';
import type { RefreshIn } from './refresh-in.field.js';
import { type TokensResponse, toTokensResponse } from './tokens.response.js';

const NAME = '__Secure-refresh';
// SameSite=Strict and the path restrict the cookie to refreshes from our own pages.
const OPTIONS: CookieSerializeOptions = { path: '/auth', httpOnly: true, secure: true, sameSite: 'strict' };

/** A refresh token, and where the request had it. */
export interface PresentedRefresh {
  readonly token: string;
  readonly in: RefreshIn;
}

/**
 * The refresh token of pages: scripts cannot read it, and only the API's own pages and those of an allowed origin can
 * use it.
 */
@Injectable()
export class RefreshCookieService {
  constructor(@InjectConfig() private readonly config: Config) {}

  /**
   * The refresh token of the body, or else of the cookie.
   *
   * @throws InvalidTokenError without a token, OriginNotAllowedError for a cookie from another origin
   */
  presented(request: FastifyRequest, inBody: string | undefined): PresentedRefresh {
    if (inBody !== undefined) return { token: inBody, in: 'body' };
    const token = request.cookies[NAME];
    if (!token) throw new InvalidTokenError();
    this.assertAllowedOrigin(request);
    return { token, in: 'cookie' };
  }

  /** The response with the tokens. The refresh token is in the body or, if the client asked for that, in the cookie. */
  respond(reply: FastifyReply, tokens: Tokens, refreshIn: RefreshIn = 'body'): TokensResponse {
    if (refreshIn === 'body') return toTokensResponse(tokens, true);
    reply.setCookie(NAME, tokens.refreshToken, { ...OPTIONS, maxAge: tokens.refreshExpiresIn });
    return toTokensResponse(tokens, false);
  }

  /** Clears the cookie, if the request has it. @throws OriginNotAllowedError */
  clear(request: FastifyRequest, reply: FastifyReply): void {
    if (!request.cookies[NAME]) return;
    this.assertAllowedOrigin(request);
    reply.setCookie(NAME, '', { ...OPTIONS, maxAge: 0 });
  }

  private assertAllowedOrigin({ headers: { origin }, host }: FastifyRequest): void {
    const isOwnPage = origin !== undefined && URL.parse(origin)?.host === host;
    if (!isOwnPage && !isAllowedOrigin(origin ?? '', this.config.CORS_ORIGINS)) throw new OriginNotAllowedError();
  }
}
