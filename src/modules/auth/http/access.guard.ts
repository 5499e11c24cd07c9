import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Actor } from '../../../common/actor.js';
import { AppError } from '../../../common/errors/app-error.js';
import { ForbiddenError } from '../../../common/errors/common.errors.js';
import { ACCESS_METADATA, type RequiredAccess, PUBLIC_METADATA, type PublicAccess } from '../../../common/http/current-actor.decorator.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { AccessStrategy } from '../access.strategy.js';
import { InvalidTokenError, MobileNumberUnverifiedError } from '../auth.errors.js';

/**
 * Guards every route: it requires a valid token of a live session, unless the route is public, and the access that the
 * route requires beyond that.
 */
@Injectable()
export class AccessGuard extends AuthGuard() {
  constructor(
    strategy: AccessStrategy,
    private readonly reflector: Reflector,
    @InjectConfig() private readonly config: Config,
  ) {
    super({ defaultStrategy: strategy.registeredAs });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<PublicAccess | undefined>(PUBLIC_METADATA, targets);
    if (access === 'anonymous') return true;
    if (access === 'identified') return this.identify(context);
    await super.canActivate(context);
    const { user } = context.switchToHttp().getRequest<{ user: Actor }>();
    const required = this.reflector.getAllAndOverride<RequiredAccess | undefined>(ACCESS_METADATA, targets);
    if (required === 'admin' && user.role !== 'admin') throw new ForbiddenError();
    if (required === 'verified_number' && this.config.REQUIRE_VERIFIED_NUMBER && !user.isVerified) throw new MobileNumberUnverifiedError();
    return true;
  }

  private async identify(context: ExecutionContext): Promise<boolean> {
    try {
      await super.canActivate(context);
    } catch (error) {
      if (!(error instanceof AppError) || error.definition.kind !== 'unauthenticated') throw error;
    }
    return true;
  }

  /** Passes on what the strategy found, or why it found nothing. */
  override handleRequest<TUser = Actor>(error: unknown, user: TUser | false | null): TUser {
    if (user) return user;
    throw error instanceof Error ? error : new InvalidTokenError();
  }
}
