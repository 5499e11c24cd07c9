import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { InvalidTokenError, OriginNotAllowedError } from '../auth.errors.js';
import type { Tokens } from '../sessions.service.js';
import type { RefreshIn } from './refresh-in.field.js';
import { type TokensResponse, toTokensResponse } from './tokens.response.js';

const NAME = '__Secure-refresh';
// SameSite=Strict and the path keep it off every request that is not a refresh from our own pages.
const ATTRIBUTES = 'Path=/auth; HttpOnly; Secure; SameSite=Strict';

/** A refresh token and how it came. */
export interface PresentedRefresh {
  readonly token: string;
  readonly in: RefreshIn;
}

/** The refresh token of pages: scripts cannot read it, and only pages of an allowed origin can use it. */
@Injectable()
export class RefreshCookie {
  constructor(@InjectConfig() private readonly config: Config) {}

  /**
   * The token of the body, else of the cookie.
   *
   * @throws InvalidTokenError without one, OriginNotAllowedError for a cookie from elsewhere
   */
  presented(request: FastifyRequest, inBody: string | undefined): PresentedRefresh {
    if (inBody !== undefined) return { token: inBody, in: 'body' };
    const token = read(request);
    if (token === null) throw new InvalidTokenError();
    this.assertAllowedOrigin(request);
    return { token, in: 'cookie' };
  }

  /** The answer that holds tokens; the refresh token moves to the cookie when it belongs there. */
  answer(reply: FastifyReply, tokens: Tokens, refreshIn: RefreshIn = 'body'): TokensResponse {
    if (refreshIn === 'body') return toTokensResponse(tokens, true);
    reply.header('set-cookie', `${NAME}=${tokens.refreshToken}; Max-Age=${tokens.refreshExpiresIn}; ${ATTRIBUTES}`);
    return toTokensResponse(tokens, false);
  }

  /** Takes the cookie back, if there is one. @throws OriginNotAllowedError */
  clear(request: FastifyRequest, reply: FastifyReply): void {
    if (read(request) === null) return;
    this.assertAllowedOrigin(request);
    reply.header('set-cookie', `${NAME}=; Max-Age=0; ${ATTRIBUTES}`);
  }

  private assertAllowedOrigin({ headers: { origin } }: FastifyRequest): void {
    if (origin === undefined || !this.config.CORS_ORIGINS.includes(origin)) throw new OriginNotAllowedError();
  }
}

function read({ headers: { cookie = '' } }: FastifyRequest): string | null {
  for (const pair of cookie.split(';')) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === NAME && value !== undefined && value.trim() !== '') return value.trim();
  }
  return null;
}
