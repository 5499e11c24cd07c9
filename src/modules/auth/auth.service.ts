import { Injectable } from '@nestjs/common';
import { PasswordHasher, type SignUpInput, type UserProfile, UsersService } from '../users/index.js';
import { AccountDisabledError, InvalidCredentialsError } from './auth.errors.js';
import { OtpService } from './otp.service.js';
import { type Client, SessionsService, type Tokens } from './sessions.service.js';

export interface SignedUp {
  readonly user: UserProfile;
  readonly challengeId: string;
  /** The code, where answers may hold it. */
  readonly otp: string | null;
}

@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordHasher,
    private readonly codes: OtpService,
    private readonly sessions: SessionsService,
  ) {}

  /** @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError, EmailTakenError, RateLimitedError */
  async signUp(input: SignUpInput): Promise<SignedUp> {
    const { user, result } = await this.users.signUp(input, (transaction, created) =>
      this.codes.challengeNewUser(transaction, created.mobile_number),
    );
    return { user, challengeId: result.id, otp: this.codes.deliver(result) };
  }

  /**
   * Unknown accounts and wrong passwords take the same statements and the same work.
   *
   * @throws InvalidCredentialsError, AccountDisabledError, RateLimitedError
   */
  async logIn({ identifier, password }: { identifier: string; password: string }, client: Client): Promise<Tokens> {
    const user = await this.users.findByIdentifier(identifier);
    const matches = await this.passwords.verify(user?.password_hash ?? null, password);
    if (!user || !matches) throw new InvalidCredentialsError();
    if (user.is_disabled) throw new AccountDisabledError();
    const tokens = await this.sessions.start(user, user.password_hash, client);
    if (!tokens) throw new InvalidCredentialsError();
    return tokens;
  }
}
