import type { IncomingHttpHeaders } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import passport, { Strategy } from 'passport';
import type { SignedInActor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { AccessTokensService, bearerTokenOf } from './access-tokens.service.js';
import { InvalidTokenError, TokenExpiredError } from './auth.errors.js';
import { SessionsService } from './sessions.service.js';

/** Turns a bearer token into an actor: the token is checked, then the session that it names is read. */
@Injectable()
export class AccessStrategy extends Strategy implements OnApplicationShutdown {
  /**
   * Unique, because Passport's registry is global: two applications in one process must not use each other's sessions.
   */
  readonly registeredAs = `access-${newId()}`;

  constructor(
    private readonly tokens: AccessTokensService,
    private readonly sessions: SessionsService,
  ) {
    super();
    passport.use(this.registeredAs, this);
  }

  /** The latest hook, because requests are still answered until the server has closed. */
  onApplicationShutdown(): void {
    passport.unuse(this.registeredAs);
  }

  override authenticate({ headers }: { readonly headers: IncomingHttpHeaders }): void {
    this.findActor(headers).then(
      (actor) => {
        this.success(actor);
      },
      (error: unknown) => {
        this.error(error);
      },
    );
  }

  /** @throws InvalidTokenError, TokenExpiredError, SessionEndedError, AccountDisabledError */
  private async findActor({ authorization }: IncomingHttpHeaders): Promise<SignedInActor> {
    const token = bearerTokenOf(authorization);
    const claims = token === null ? null : this.tokens.verify(token);
    if (claims === null) throw new InvalidTokenError();
    if (claims === 'expired') throw new TokenExpiredError();
    return this.sessions.getActor(claims);
  }
}
