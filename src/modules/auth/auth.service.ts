import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import {
  canonicalNumber,
  InvalidCredentialsError,
  PasswordsService,
  type SignUpInput,
  type UserCredentials,
  type UserProfile,
  UsersService,
} from '../users/index.js';
import { AccountContents, type LockedContents } from './account-contents.js';
import { AccountDisabledError, InvalidOtpError, OtpRequiredError } from './auth.errors.js';
import { KnownClients } from './known-clients.js';
import { NetworkLimits } from './network-limits.js';
import { type GivenCode, OtpService, type SentChallenge } from './otp.service.js';
import type { MetChallenge } from './otp.repository.js';
import { SessionsService, type Tokens } from './sessions.service.js';

export interface SignedUp {
  readonly user: UserProfile;
  readonly challenge: SentChallenge;
}

/** A code as the holder of the number gives it; the number as people write it. */
export interface CodeInput {
  readonly mobileNumber: string;
  readonly otp: string;
  readonly challengeId: string | null;
}

/** Ways in: passwords and codes, and how both are changed. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly codes: OtpService,
    private readonly sessions: SessionsService,
    private readonly networks: NetworkLimits,
    private readonly known: KnownClients,
    private readonly contents: AccountContents,
    private readonly database: Database,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError, EmailTakenError, OtpTooSoonError, RateLimitedError */
  async signUp(input: SignUpInput, client: Client): Promise<SignedUp> {
    this.users.parseMobile(input.mobileNumber);
    await this.networks.takeSignUp(client.ip);
    const { user, result: challengeId } = await this.users.signUp(input, (transaction, created) =>
      this.codes.challengeNewUser(transaction, created.mobile_number),
    );
    return { user, challenge: await this.codes.deliver(challengeId) };
  }

  /**
   * Unknown accounts and wrong passwords take the same statements and the same work.
   *
   * @throws InvalidCredentialsError, AccountDisabledError, OtpRequiredError, OtpTooSoonError, RateLimitedError
   */
  async logIn({ identifier, password }: { identifier: string; password: string }, client: Client): Promise<Tokens> {
    const parsed = this.users.parseIdentifier(identifier);
    const user = await this.users.findByIdentifier(parsed);
    const userId = user?.id ?? null;
    const account = userId ?? parsed.username ?? canonicalOf(parsed.mobileNumbers) ?? identifier;
    const isKnown = () => this.known.isKnown({ userId }, client.ip);
    const matches = await this.passwords.matches(account, user?.password_hash ?? null, password, client, isKnown);
    if (!user || !matches) throw new InvalidCredentialsError();
    if (user.is_disabled) throw new AccountDisabledError();
    if (user.role === 'admin' && this.config.ADMIN_REQUIRE_OTP) await this.requireCode(user);
    const passwordHash = await this.strengthen(user, password);
    const tokens = await this.sessions.start(user, passwordHash, client);
    // Changed since it was read, if only by another sign-in that has just hashed the same password anew: judge what is there now.
    return tokens ?? this.logIn({ identifier, password }, client);
  }

  /** The same for known and unknown numbers. @throws ValidationFailedError, OtpTooSoonError, RateLimitedError */
  async sendCode(mobileNumber: string, client: Client): Promise<SentChallenge> {
    const number = this.users.parseMobile(mobileNumber);
    await this.networks.takeCode(client.ip);
    return this.codes.send(number, 'sign_in');
  }

  /** The same for known and unknown numbers. @throws ValidationFailedError, OtpTooSoonError, RateLimitedError */
  async forgotPassword(mobileNumber: string, client: Client): Promise<SentChallenge> {
    const number = this.users.parseMobile(mobileNumber);
    await this.networks.takeCode(client.ip);
    return this.codes.send(number, 'reset_password');
  }

  /**
   * Signs the holder of a number in. The first time, whoever made the account is somebody else unless the code carries the signup's own
   * challenge, comes with a session of the account or follows its password: else that one's sessions, password, e-mail and rooms are gone.
   * A code alone never signs an administrator in, but makes the client known, so that the password is not held up by the failures of strangers.
   *
   * @param bearer the caller, if the request is signed in
   * @throws ValidationFailedError, InvalidOtpError, AccountDisabledError
   */
  async verifyCode(input: CodeInput, client: Client, bearer: Actor | null): Promise<Tokens> {
    const code = await this.codes.check(this.toGivenCode(input), ['sign_in', 'admin_sign_in'], client.ip);
    const result = await this.database.transaction(async (transaction) => {
      const challenge = await this.codes.consume(transaction, code);
      const { user, contents } = await this.lockHolder(transaction, challenge);
      // The code is used up, and the client known, though nobody is signed in.
      if (user.role === 'admin' && challenge.purpose === 'sign_in') return { knownTo: user.id };
      if ((user.role === 'admin') !== (challenge.purpose === 'admin_sign_in')) throw new InvalidOtpError();
      if (user.is_disabled) throw new AccountDisabledError();
      const isOfSignup = challenge.from_signup && input.challengeId !== null;
      const followsPassword = challenge.purpose === 'admin_sign_in';
      const isFirstAndForeign = !user.is_verified && !isOfSignup && !followsPassword && bearer?.userId !== user.id;
      const verified = await this.verify(transaction, user, isFirstAndForeign ? contents : null);
      const tokens = await this.sessions.start(verified, null, client, transaction);
      if (!tokens) throw new AccountDisabledError();
      return { tokens, deleted: isFirstAndForeign ? contents : null };
    });
    await result.deleted?.forget();
    if (result.tokens) return result.tokens;
    await this.known.remember(result.knownTo, client.ip);
    throw new InvalidOtpError();
  }

  /**
   * Sets a password with a code, and ends every session. One hash is made either way. It verifies the number, too: the first time as `verifyCode`.
   *
   * @param bearer the caller, if the request is signed in
   * @throws ValidationFailedError, InvalidOtpError, AccountDisabledError, RateLimitedError
   */
  async resetPassword(input: CodeInput & { newPassword: string }, client: Client, bearer: Actor | null): Promise<void> {
    const passwordHash = await this.passwords.hashNew('new_password', input.newPassword);
    const code = await this.codes.check(this.toGivenCode(input), ['reset_password'], client.ip);
    const deleted = await this.database.transaction(async (transaction) => {
      const { user, contents } = await this.lockHolder(transaction, await this.codes.consume(transaction, code));
      // Whoever holds an administrator's phone would otherwise need nothing else.
      if (user.role === 'admin') throw new InvalidOtpError();
      if (user.is_disabled) throw new AccountDisabledError();
      this.passwords.assertNotUsername('new_password', input.newPassword, user.username);
      const foreign = !user.is_verified && bearer?.userId !== user.id ? contents : null;
      await this.verify(transaction, user, foreign);
      await this.replacePassword(transaction, user.id, passwordHash);
      await this.sessions.endAll(user.id, transaction);
      return foreign;
    });
    await deleted?.forget();
  }

  /**
   * Ends every other session.
   *
   * @throws ValidationFailedError, InvalidCredentialsError, RateLimitedError
   */
  async changePassword(
    actor: Actor,
    { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
    client: Client,
  ): Promise<void> {
    const user = await this.users.getCredentials(actor);
    this.passwords.assertNotUsername('new_password', newPassword, user.username);
    await this.users.assertPassword('current_password', user, currentPassword, client);
    const passwordHash = await this.passwords.hashNew('new_password', newPassword);
    await this.database.transaction(async (transaction) => {
      if (!(await this.replacePassword(transaction, user.id, passwordHash, user.password_hash))) throw new InvalidCredentialsError();
      await this.sessions.endOthers(actor, transaction);
    });
  }

  /** Uses up a code that was sent to the user's own number to sign in with. @throws InvalidOtpError */
  async assertOwnCode(user: UserCredentials, code: Omit<GivenCode, 'mobileNumber'>, client: Client): Promise<void> {
    const right = await this.codes.check({ ...code, mobileNumber: user.mobile_number }, ['sign_in'], client.ip);
    const { user_id } = await this.codes.consume(this.database, right);
    if (user_id !== user.id) throw new InvalidOtpError();
  }

  private toGivenCode({ mobileNumber, otp, challengeId }: CodeInput): GivenCode {
    return { mobileNumber: this.users.parseMobileNumber(mobileNumber), otp, challengeId };
  }

  /**
   * The account of a consumed challenge, held against changes.
   *
   * @returns with it what it holds, unless the number was verified before: replies are locked before the user, by everybody
   * @throws InvalidOtpError for a number without an account
   */
  private async lockHolder(
    transaction: Transaction,
    { user_id }: MetChallenge,
  ): Promise<{ user: UserCredentials; contents: LockedContents | null }> {
    if (user_id === null) throw new InvalidOtpError();
    const contents = (await this.users.isVerified(transaction, user_id)) ? null : await this.contents.lock(transaction, user_id);
    const user = await this.users.lockWithDay(transaction, user_id);
    if (!user) throw new InvalidOtpError();
    return { user, contents };
  }

  /** Notes that the number is verified. @param foreign what somebody else has put into the account, which goes with all that one could return with */
  private async verify(transaction: Transaction, user: UserCredentials, foreign: LockedContents | null): Promise<UserProfile> {
    const verified = await this.users.verifyNumber(transaction, user, { clear: foreign !== null });
    if (foreign !== null) {
      await foreign.delete();
      await this.codes.consumeAll(transaction, user.id);
      await this.sessions.endAll(user.id, transaction);
    }
    await this.users.settleDay(transaction, user, { restart: foreign !== null });
    return verified;
  }

  private async requireCode(user: UserCredentials): Promise<never> {
    const { challengeId, expiresIn, resendAfter, otp } = await this.codes.send(user.mobile_number, 'admin_sign_in');
    throw new OtpRequiredError({
      challenge_id: challengeId,
      expires_in: expiresIn,
      resend_after: resendAfter,
      ...(otp === null ? {} : { otp }),
    });
  }

  /** @returns the hash that is stored now */
  private async strengthen({ id, password_hash }: UserCredentials, password: string): Promise<string | null> {
    if (password_hash === null) return null;
    const stronger = await this.passwords.rehash(password_hash, password);
    if (stronger === null) return password_hash;
    return (await this.users.setPassword(this.database, id, stronger, password_hash)) ? stronger : password_hash;
  }

  /** Codes that were sent while the old password held are no good with the new one. */
  private async replacePassword(
    on: StatementRunner,
    userId: string,
    passwordHash: string,
    expectedHash: string | null = null,
  ): Promise<boolean> {
    await this.codes.consumeAll(on, userId);
    return this.users.setPassword(on, userId, passwordHash, expectedHash);
  }
}

const canonicalOf = ([typed]: readonly string[]): string | undefined => (typed === undefined ? undefined : canonicalNumber(typed));
