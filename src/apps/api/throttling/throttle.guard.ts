import { hash } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { InjectThrottlerStorage, ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { networkOf } from '../../../common/client.js';
import { RateLimitedError } from '../../../common/errors/common.errors.js';
import { PUBLIC_METADATA } from '../../../common/http/current-actor.decorator.js';
import { PAYMENT_METADATA, type PaymentThrottle, SIGN_IN_METADATA, UNTHROTTLED_METADATA } from '../../../common/http/throttle.decorator.js';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { AccessTokensService, bearerTokenOf } from '../../../modules/auth/index.js';

const WINDOW_MS = 10_000;
/** The prefix of all counters in Redis. */
const PREFIX = 'gemini-chat:throttle';

const POLICIES = ['user', 'address', 'sign_in', 'payment'] as const;

/** The requests that are counted together, and the limit for one window. */
interface Policy {
  readonly name: (typeof POLICIES)[number];
  readonly limit: number;
  readonly tracker: string;
}

/**
 * Counts every request before any work is done for it: by user where its token is genuine, by address otherwise. The
 * session has not been read yet, so that a flood costs the database nothing.
 */
@Injectable()
export class ThrottleGuard implements CanActivate {
  private readonly refusals;

  constructor(
    @InjectThrottlerStorage() private readonly storage: ThrottlerStorage,
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokensService,
    metrics: Metrics,
    @InjectConfig() private readonly config: Config,
  ) {
    this.refusals = metrics.counter('throttle_refusals_total', 'Requests that the throttle refused, by its policy.', ['policy']);
    for (const policy of POLICIES) this.refusals.inc({ policy }, 0);
  }

  /** @throws RateLimitedError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!this.config.THROTTLE_ENABLED || this.has(UNTHROTTLED_METADATA, context)) return true;
    const http = context.switchToHttp();
    const { name, limit, tracker } = this.policyOf(context, http.getRequest<FastifyRequest>());
    const key = `${PREFIX}:${hash('sha256', `${name} ${tracker}`, 'base64url')}`;
    const counted = await this.storage.increment(key, WINDOW_MS, limit, WINDOW_MS, name);
    const { totalHits, isBlocked, timeToExpire, timeToBlockExpire } = counted;
    const remaining = isBlocked ? 0 : Math.max(0, limit - totalHits);
    const seconds = Math.max(1, isBlocked ? timeToBlockExpire : timeToExpire);
    http
      .getResponse<FastifyReply>()
      // draft-ietf-httpapi-ratelimit-headers
      .header('ratelimit-policy', `"${name}";q=${limit};w=${WINDOW_MS / 1_000}`)
      .header('ratelimit', `"${name}";r=${remaining};t=${seconds}`);
    if (!isBlocked) return true;
    this.refusals.inc({ policy: name });
    throw new RateLimitedError(seconds);
  }

  private policyOf(context: ExecutionContext, request: FastifyRequest): Policy {
    const { THROTTLE_USER_LIMIT, THROTTLE_ADDRESS_LIMIT, THROTTLE_SIGN_IN_LIMIT, THROTTLE_PAYMENT_LIMIT } = this.config;
    if (this.has(PUBLIC_METADATA, context)) {
      const tracker = networkOf(request.ip);
      return this.has(SIGN_IN_METADATA, context)
        ? { name: 'sign_in', limit: THROTTLE_SIGN_IN_LIMIT, tracker }
        : { name: 'address', limit: THROTTLE_ADDRESS_LIMIT, tracker };
    }
    const token = bearerTokenOf(request.headers.authorization);
    const claims = token === null ? null : this.tokens.verify(token);
    if (claims === null || claims === 'expired') return { name: 'address', limit: THROTTLE_ADDRESS_LIMIT, tracker: networkOf(request.ip) };
    return this.asksStripe(context, request)
      ? { name: 'payment', limit: THROTTLE_PAYMENT_LIMIT, tracker: claims.userId }
      : { name: 'user', limit: THROTTLE_USER_LIMIT, tracker: claims.userId };
  }

  private asksStripe(context: ExecutionContext, { query }: FastifyRequest): boolean {
    const throttle = this.reflector.getAllAndOverride<PaymentThrottle | undefined>(PAYMENT_METADATA, [context.getHandler()]);
    if (throttle === undefined) return false;
    return throttle.withQuery === null || (typeof query === 'object' && query !== null && throttle.withQuery in query);
  }

  private has(metadata: string, context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<unknown>(metadata, [context.getHandler(), context.getClass()]) !== undefined;
  }
}
