import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Actor } from '../../common/actor.js';
import { newId } from '../../common/ids.js';
import { ALGORITHM, AccessTokens, AUDIENCE, ISSUER } from './access-tokens.js';
import { InvalidTokenError } from './auth.errors.js';
import { SessionsService } from './sessions.service.js';

/** Makes an Actor of a bearer token: the token is checked by passport-jwt, then the session that it names is read. */
@Injectable()
export class AccessStrategy extends PassportStrategy(Strategy) implements OnApplicationShutdown {
  /** Passport's registry is global to the process; two applications in one must not answer with each other's sessions. */
  readonly registeredAs = `access-${newId()}`;

  constructor(
    private readonly tokens: AccessTokens,
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

  /** Not before: until the server is closed requests are still answered. */
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
