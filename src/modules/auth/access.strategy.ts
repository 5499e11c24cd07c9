import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Actor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { AccessTokensService, ALGORITHM, AUDIENCE, ISSUER } from './access-tokens.service.js';
import { InvalidTokenError } from './auth.errors.js';
import { SessionsService } from './sessions.service.js';

/** Turns a bearer token into an Actor: passport-jwt checks the token, then the session that it names is read. */
@Injectable()
export class AccessStrategy extends PassportStrategy(Strategy) implements OnApplicationShutdown {
  /**
   * Unique, because Passport's registry is global: two applications in one process must not use each other's sessions.
   */
  readonly registeredAs = `access-${newId()}`;

  constructor(
    private readonly tokens: AccessTokensService,
    private readonly sessions: SessionsService,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, key?: Buffer) => void) => {
        const key = tokens.keyOf(token);
        if (key === null) done(new InvalidTokenError());
        else done(null, key);
      },
    });
    passport.use(this.registeredAs, this);
  }

  /** The latest hook, because requests are still answered until the server has closed. */
  onApplicationShutdown(): void {
    passport.unuse(this.registeredAs);
  }

  /** @throws InvalidTokenError, SessionEndedError, AccountDisabledError */
  async validate(payload: unknown): Promise<Actor> {
    const claims = this.tokens.claimsOf(payload);
    if (!claims) throw new InvalidTokenError();
    return this.sessions.getActor(claims);
  }
}
