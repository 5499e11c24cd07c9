import { createHash } from 'node:crypto';
import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
  ThrottlerStorage,
} from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { networkOf } from '../../../common/client.js';
import { RateLimitedError } from '../../../common/errors/common.errors.js';
import { PUBLIC_METADATA } from '../../../common/http/current-actor.decorator.js';
import { SIGN_IN_METADATA, UNTHROTTLED_METADATA } from '../../../common/http/throttle.decorator.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { AccessTokensService } from '../../../modules/auth/index.js';

const WINDOW_MS = 10_000;
/** The prefix of all counters in Redis. */
const PREFIX = 'gemini-chat:throttle';

/** The requests that are counted together, and the limit for one window. */
interface Policy {
  readonly name: 'user' | 'address' | 'sign_in';
  readonly limit: number;
  readonly tracker: string;
}

/**
 * Counts every request before any work is done for it: by user where its token is genuine, by address otherwise. The
 * session has not been read yet, so that a flood costs the database nothing.
 */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly tokens: AccessTokensService,
    @InjectConfig() private readonly config: Config,
  ) {
    super(options, storage, reflector);
  }

  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(!this.config.THROTTLE_ENABLED || this.has(UNTHROTTLED_METADATA, context));
  }

  /** @throws RateLimitedError */
  protected override async handleRequest({ context }: ThrottlerRequest): Promise<boolean> {
    const http = context.switchToHttp();
    const { name, limit, tracker } = await this.policyOf(context, http.getRequest<FastifyRequest>());
    const key = `${PREFIX}:${createHash('sha256').update(`${name} ${tracker}`).digest('base64url')}`;
    const counted = await this.storageService.increment(key, WINDOW_MS, limit, WINDOW_MS, name);
    const { totalHits, isBlocked, timeToExpire, timeToBlockExpire } = counted;
    const remaining = isBlocked ? 0 : Math.max(0, limit - totalHits);
    const seconds = Math.max(1, isBlocked ? timeToBlockExpire : timeToExpire);
    http
      .getResponse<FastifyReply>()
      // draft-ietf-httpapi-ratelimit-headers
      .header('ratelimit-policy', `"${name}";q=${limit};w=${WINDOW_MS / 1_000}`)
      .header('ratelimit', `"${name}";r=${remaining};t=${seconds}`);
    if (isBlocked) throw new RateLimitedError(seconds);
    return true;
  }

  private async policyOf(context: ExecutionContext, request: FastifyRequest): Promise<Policy> {
    const { THROTTLE_USER_LIMIT, THROTTLE_ADDRESS_LIMIT, THROTTLE_SIGN_IN_LIMIT } = this.config;
    const tracker = networkOf(request.ip);
    if (this.has(PUBLIC_METADATA, context)) {
      return this.has(SIGN_IN_METADATA, context)
        ? { name: 'sign_in', limit: THROTTLE_SIGN_IN_LIMIT, tracker }
        : { name: 'address', limit: THROTTLE_ADDRESS_LIMIT, tracker };
    }
    const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const userId = token === undefined ? null : await this.tokens.userOf(token);
    return userId === null
      ? { name: 'address', limit: THROTTLE_ADDRESS_LIMIT, tracker }
      : { name: 'user', limit: THROTTLE_USER_LIMIT, tracker: userId };
  }

  private has(metadata: string, context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<unknown>(metadata, [context.getHandler(), context.getClass()]) !== undefined;
  }
}
