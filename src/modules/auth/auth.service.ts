import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import type { Client } from '../../common/client.js';
import { logSecurityEvent } from '../../common/logging/security-log.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type Transaction } from '../../database/database.js';
import {
  canonicalNumber,
  InvalidCredentialsError,
  type PasswordChange,
  PasswordsService,
  type SignUpInput,
  type UserCredentials,
  type UserProfile,
  UsersService,
} from '../users/index.js';
import { AccountContents, type LockedContents } from './account-contents.js';
import { AccountDisabledError, InvalidOtpError, OtpRequiredError } from './auth.errors.js';
import { KnownClientsService } from './known-clients.service.js';
import { NetworkLimitsService } from './network-limits.service.js';
import { type GivenCode, OtpService, type SentChallenge } from './otp.service.js';
import type { ConsumedChallenge } from './otp.repository.js';
import { SessionsService, type Tokens } from './sessions.service.js';

export interface SignedUp {
  readonly user: UserProfile;
  readonly challenge: SentChallenge;
}

/** A code that a client gives, with the number as people write it. */
export interface CodeInput {
  readonly mobileNumber: string;
  readonly otp: string;
  readonly challengeId: string | null;
}

/** Sign-up, sign-in with a password or a code, and changes of the password. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly codes: OtpService,
    private readonly sessions: SessionsService,
    private readonly networks: NetworkLimitsService,
    private readonly known: KnownClientsService,
    private readonly contents: AccountContents,
    private readonly database: Database,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @throws ValidationFailedError, UsernameTakenError, MobileNumberTakenError, EmailTakenError, OtpTooSoonError,
   * RateLimitedError
   */
  async signUp(input: SignUpInput, client: Client): Promise<SignedUp> {
    this.users.parseMobile(input.mobileNumber);
    await this.networks.takeSignUp(client.ip);
    const { user, result: challengeId } = await this.users.signUp(input, (transaction, created) =>
      this.codes.challengeNewUser(transaction, created.mobileNumber),
    );
    return { user, challenge: await this.codes.deliver(challengeId) };
  }

  /**
   * Runs the same statements and the same work for unknown accounts and for wrong passwords.
   *
   * @throws InvalidCredentialsError, AccountDisabledError, OtpRequiredError, OtpTooSoonError, RateLimitedError
   */
  async logIn({ identifier, password }: { identifier: string; password: string }, client: Client): Promise<Tokens> {
    const parsed = this.users.parseIdentifier(identifier);
    const user = await this.users.findByIdentifier(parsed);
    const userId = user?.id ?? null;
    const account = userId ?? parsed.username ?? canonicalOf(parsed.mobileNumbers) ?? identifier;
    const matches = await this.passwords.matches({
      account,
      passwordHash: user?.passwordHash ?? null,
      password,
      ip: client.ip,
      isKnown: () => this.known.isKnown({ userId }, client.ip),
    });
    if (!user || !matches) throw new InvalidCredentialsError();
    if (user.isDisabled) throw new AccountDisabledError();
    if (user.role === 'admin' && this.config.ADMIN_REQUIRE_OTP) await this.requireCode(user);
    const passwordHash = await this.strengthen(user, password);
    const tokens = await this.sessions.start(user, { client, ...(passwordHash === null ? {} : { passwordHash }) });
    // No tokens mean that the account has changed since it was read, for example by a concurrent sign-in that has
    // stored a new hash of the same password. The current state is judged.
    return tokens ?? this.logIn({ identifier, password }, client);
  }

  /**
   * Behaves the same for known and unknown numbers.
   *
   * @throws ValidationFailedError, OtpTooSoonError, RateLimitedError
   */
  async sendCode({ mobileNumber }: Pick<CodeInput, 'mobileNumber'>, client: Client): Promise<SentChallenge> {
    const number = this.users.parseMobile(mobileNumber);
    await this.networks.takeCode(client.ip);
    return this.codes.send({ mobileNumber: number, purpose: 'sign_in' });
  }

  /**
   * Behaves the same for known and unknown numbers.
   *
   * @throws ValidationFailedError, OtpTooSoonError, RateLimitedError
   */
  async forgotPassword({ mobileNumber }: Pick<CodeInput, 'mobileNumber'>, client: Client): Promise<SentChallenge> {
    const number = this.users.parseMobile(mobileNumber);
    await this.networks.takeCode(client.ip);
    return this.codes.send({ mobileNumber: number, purpose: 'reset_password' });
  }

  /**
   * Signs the holder of a number in. At the first verification somebody else may have created the account. That is
   * excluded when the code carries the challenge of the sign-up, the request is signed in to the account, or the code
   * follows its password. Otherwise sessions, password, e-mail address, chatrooms and subscriptions of the account are
   * deleted.
   *
   * A code alone never signs an administrator in. It makes the client known, so that failed attempts of strangers do
   * not block the password there.
   *
   * @param actor the caller, if the request is signed in
   * @throws ValidationFailedError, InvalidOtpError, AccountDisabledError
   */
  async verifyCode(actor: Actor | null, input: CodeInput, client: Client): Promise<Tokens> {
    const code = await this.codes.check(this.toGivenCode(input), { purposes: ['sign_in', 'admin_sign_in'], ip: client.ip });
    const result = await this.database.transaction(async (transaction) => {
      const challenge = await this.codes.consume(transaction, code);
      const { user, contents } = await this.lockHolder(transaction, challenge);
      // The transaction commits although nobody is signed in: the code is used, and the client becomes known.
      if (user.role === 'admin' && challenge.purpose === 'sign_in') return { knownTo: user.id };
      if ((user.role === 'admin') !== (challenge.purpose === 'admin_sign_in')) throw new InvalidOtpError();
      if (user.isDisabled) throw new AccountDisabledError();
      const isOfSignup = challenge.fromSignup && input.challengeId !== null;
      const followsPassword = challenge.purpose === 'admin_sign_in';
      const isFirstAndForeign = !user.isVerified && !isOfSignup && !followsPassword && actor?.userId !== user.id;
      const verified = await this.verify(transaction, user, isFirstAndForeign ? contents : null);
      const tokens = await this.sessions.start(verified, { client }, transaction);
      if (!tokens) throw new AccountDisabledError();
      return { tokens, deleted: isFirstAndForeign ? contents : null };
    });
    await result.deleted?.forget();
    if (result.tokens) return result.tokens;
    await this.known.remember({ userId: result.knownTo, ip: client.ip });
    throw new InvalidOtpError();
  }

  /**
   * Sets a password with a code, and ends every session. It computes one hash whether or not the code is correct. It
   * verifies the number too, with the effects of `verifyCode` at the first verification.
   *
   * @param actor the caller, if the request is signed in
   * @throws ValidationFailedError, InvalidOtpError, AccountDisabledError, RateLimitedError
   */
  async resetPassword(actor: Actor | null, input: CodeInput & { readonly newPassword: string }, client: Client): Promise<void> {
    const newPassword = { field: 'new_password', password: input.newPassword };
    const passwordHash = await this.passwords.hashNew(newPassword);
    const code = await this.codes.check(this.toGivenCode(input), { purposes: ['reset_password'], ip: client.ip });
    const deleted = await this.database.transaction(async (transaction) => {
      const { user, contents } = await this.lockHolder(transaction, await this.codes.consume(transaction, code));
      // An administrator's phone alone must not be enough.
      if (user.role === 'admin') throw new InvalidOtpError();
      if (user.isDisabled) throw new AccountDisabledError();
      this.passwords.assertNotUsername(newPassword, user.username);
      const foreign = !user.isVerified && actor?.userId !== user.id ? contents : null;
      await this.verify(transaction, user, foreign);
      await this.replacePassword(transaction, { id: user.id, passwordHash });
      await this.sessions.endAll(transaction, { userId: user.id, by: user.id });
      logSecurityEvent('password_changed', { user_id: user.id }, transaction);
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
    input: { readonly currentPassword: string; readonly newPassword: string },
    client: Client,
  ): Promise<void> {
    const user = await this.users.getCredentials(actor);
    const newPassword = { field: 'new_password', password: input.newPassword };
    this.passwords.assertNotUsername(newPassword, user.username);
    await this.users.assertPassword(user, { field: 'current_password', password: input.currentPassword }, client);
    const passwordHash = await this.passwords.hashNew(newPassword);
    const expected = user.passwordHash === null ? {} : { expectedHash: user.passwordHash };
    await this.database.transaction(async (transaction) => {
      if (!(await this.replacePassword(transaction, { id: user.id, passwordHash, ...expected }))) throw new InvalidCredentialsError();
      await this.sessions.endOthers(actor, transaction);
      logSecurityEvent('password_changed', { user_id: user.id }, transaction);
    });
  }

  /** Uses a sign-in code that was sent to the user's own number. @throws InvalidOtpError */
  async assertOwnCode(user: UserCredentials, code: Omit<GivenCode, 'mobileNumber'>, client: Client): Promise<void> {
    const given = { ...code, mobileNumber: user.mobileNumber };
    const correct = await this.codes.check(given, { purposes: ['sign_in'], ip: client.ip });
    const { userId } = await this.codes.consume(this.database, correct);
    if (userId !== user.id) throw new InvalidOtpError();
  }

  private toGivenCode({ mobileNumber, otp, challengeId }: CodeInput): GivenCode {
    return { mobileNumber: this.users.parseMobileNumber(mobileNumber), otp, challengeId };
  }

  /**
   * Locks the account of a consumed challenge. Its contents are locked first, because every transaction locks replies
   * before the user.
   *
   * @returns the account, and its contents unless the number was verified before
   * @throws InvalidOtpError for a number without an account
   */
  private async lockHolder(
    transaction: Transaction,
    { userId }: ConsumedChallenge,
  ): Promise<{ user: UserCredentials; contents: LockedContents | null }> {
    if (userId === null) throw new InvalidOtpError();
    const contents = (await this.users.isVerified(transaction, userId)) ? null : await this.contents.lock(transaction, userId);
    const user = await this.users.lockWithDay(transaction, userId);
    if (!user) throw new InvalidOtpError();
    return { user, contents };
  }

  /**
   * Records that the number is verified.
   *
   * @param foreign the contents of an account that somebody else may have created; they are deleted, and all ways to
   * sign in to it are closed. Null otherwise
   */
  private async verify(transaction: Transaction, user: UserCredentials, foreign: LockedContents | null): Promise<UserProfile> {
    const verified = await this.users.verifyNumber(transaction, user, { clear: foreign !== null });
    if (foreign !== null) {
      await foreign.delete();
      await this.codes.consumeAll(transaction, user.id);
      await this.sessions.endAll(transaction, { userId: user.id, by: user.id });
    }
    await this.users.settleDay(transaction, user, { restart: foreign !== null });
    // The plan may have been paid for by somebody else.
    const { plan } = (foreign !== null && (await this.users.lock(transaction, user.id))) || verified;
    return { ...verified, plan };
  }

  private async requireCode(user: UserCredentials): Promise<never> {
    const { challengeId, expiresIn, resendAfter, otp } = await this.codes.send({
      mobileNumber: user.mobileNumber,
      purpose: 'admin_sign_in',
    });
    throw new OtpRequiredError({
      challenge_id: challengeId,
      expires_in: expiresIn,
      resend_after: resendAfter,
      ...(otp === null ? {} : { otp }),
    });
  }

  /** Replaces a hash with outdated parameters. @returns the hash that is stored now */
  private async strengthen({ id, passwordHash }: UserCredentials, password: string): Promise<string | null> {
    if (passwordHash === null) return null;
    const stronger = await this.passwords.rehash(passwordHash, password);
    if (stronger === null) return passwordHash;
    const isReplaced = await this.users.setPassword(this.database, { id, passwordHash: stronger, expectedHash: passwordHash });
    return isReplaced ? stronger : passwordHash;
  }

  /** Codes that were sent before the change become invalid. */
  private async replacePassword(transaction: Transaction, change: PasswordChange): Promise<boolean> {
    await this.codes.consumeAll(transaction, change.id);
    return this.users.setPassword(transaction, change);
  }
}

const canonicalOf = ([typed]: readonly string[]): string | undefined => (typed === undefined ? undefined : canonicalNumber(typed));
