import { Injectable } from '@nestjs/common';
import { networkOf } from '../../common/client.js';
import { newId } from '../../common/ids.js';
import { logSecurityEvent } from '../../common/logging/security-log.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type CounterLimit, Counters } from '../../database/counters.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { canonicalNumber, spellingsOf } from '../users/index.js';
import { InvalidOtpError, OtpTooSoonError } from './auth.errors.js';
import { KnownClientsService } from './known-clients.service.js';
import { OneTimeCodesService } from './one-time-codes.service.js';
import type { OtpPurpose } from './otp-challenge.entity.js';
import { OtpQueue } from './otp.queue.js';
import { type ChallengeName, type ConsumedChallenge, type NewChallenge, OtpRepository } from './otp.repository.js';

const CODE_LIFETIME_SECONDS = 300;

const CODES_PER_MINUTE: CounterLimit = { limit: 1, windowSeconds: 60 };
const CODES_PER_HOUR: CounterLimit = { limit: 5, windowSeconds: 3_600 };

/** Attempts that name no challenge, for one number from one network. */
const UNNAMED_ATTEMPTS: CounterLimit = { limit: 5, windowSeconds: CODE_LIFETIME_SECONDS };
/** The same from all networks together: many networks have one chance in ten thousand an hour. */
const ALL_UNNAMED_ATTEMPTS: CounterLimit = { limit: 100, windowSeconds: 3_600 };

/** A code that is being delivered. Times in seconds. */
export interface SentChallenge {
  readonly challengeId: string;
  readonly expiresIn: number;
  readonly resendAfter: number;
  /** The code; null unless it is delivered in the response. */
  readonly otp: string | null;
}

/** A code that a client gives. */
export interface GivenCode {
  /** In E.164, in any of its spellings. */
  readonly mobileNumber: string;
  readonly otp: string;
  readonly challengeId: string | null;
}

/** A correct code. It is accepted if its challenge is still open when it is consumed. */
export interface CorrectCode {
  readonly challenge: ChallengeName;
  /** The key of the counter of wrong attempts that consuming the code resets. */
  readonly attempts: readonly string[] | null;
}

/** The conditions of an attempt. */
interface AttemptContext {
  /** The purposes that the code may have; an attempt that names no challenge is for the first of them. */
  readonly purposes: readonly [OtpPurpose, ...OtpPurpose[]];
  readonly ip: string;
}

interface Attempt extends AttemptContext {
  readonly mobileNumbers: readonly [string, ...string[]];
  readonly otp: string;
  /** Whether the owner of the number is known at the network. */
  readonly isKnown: () => Promise<boolean>;
}

/** One-time codes: how often they are sent, and how many attempts there are. */
@Injectable()
export class OtpService {
  /** Whether codes are delivered in the response. */
  private readonly isInResponse: boolean;
  /** Wrong codes from one network, over all accounts. */
  private readonly networkAttempts: CounterLimit;

  constructor(
    private readonly challenges: OtpRepository,
    private readonly codes: OneTimeCodesService,
    private readonly counters: Counters,
    private readonly queue: OtpQueue,
    private readonly known: KnownClientsService,
    private readonly database: Database,
    @InjectConfig() { OTP_DELIVERY, NETWORK_WRONG_CODES }: Config,
  ) {
    if (OTP_DELIVERY === undefined) throw new Error('OTP_DELIVERY is required by every entry point that signs people in');
    this.isInResponse = OTP_DELIVERY === 'response';
    this.networkAttempts = { limit: NETWORK_WRONG_CODES, windowSeconds: 3_600 };
  }

  /**
   * Creates the challenge of a new account, in the transaction that creates the account. It does not start the minute
   * between two codes, but counts as one of the five codes per hour.
   *
   * @returns its id, for `deliver` after the commit
   * @throws OtpTooSoonError
   */
  async challengeNewUser(transaction: StatementRunner, mobileNumber: string): Promise<string> {
    const code = { mobileNumber, purpose: 'sign_in' } as const;
    await this.take(transaction, code, [CODES_PER_HOUR]);
    return this.insert(transaction, { ...code, fromSignup: true });
  }

  /**
   * Creates a challenge for a number, whether or not it has an account, and sends its code if it has. An older code of
   * the same purpose becomes invalid.
   *
   * @param input.mobileNumber in E.164, in any of its spellings
   * @throws OtpTooSoonError
   */
  async send(input: { readonly mobileNumber: string; readonly purpose: OtpPurpose }): Promise<SentChallenge> {
    const code = { ...input, mobileNumber: canonicalNumber(input.mobileNumber) };
    const id = await this.database.transaction(async (transaction) => {
      await this.take(transaction, code, [CODES_PER_MINUTE, CODES_PER_HOUR]);
      return this.insert(transaction, { ...code, fromSignup: false });
    });
    return this.deliver(id);
  }

  /** Starts the delivery of the code of a committed challenge. */
  async deliver(challengeId: string): Promise<SentChallenge> {
    if (!this.isInResponse) await this.queue.add(challengeId);
    return {
      challengeId,
      expiresIn: CODE_LIFETIME_SECONDS,
      resendAfter: CODES_PER_MINUTE.windowSeconds,
      otp: this.isInResponse ? this.codes.codeOf(challengeId) : null,
    };
  }

  /**
   * Finds the challenge that a code is correct for. The attempt is counted before the code is compared, so concurrent
   * requests cannot exceed the limit, and a correct code without a challenge takes the same work as a wrong one.
   *
   * An attempt that names its challenge counts against that challenge alone. One that does not counts against number
   * and network together, so strangers elsewhere cannot use up the owner's attempts. Wrong codes also count against
   * their network over all accounts. An owner who is known at the network is not blocked by the attempts of others
   * there, nor by those of all networks together.
   *
   * @returns the input of `consume`, which runs in the transaction of the code's effect
   * @throws InvalidOtpError; known and unknown numbers take the same statements
   */
  async check({ mobileNumber, otp, challengeId }: GivenCode, context: AttemptContext): Promise<CorrectCode> {
    const mobileNumbers = spellingsOf(mobileNumber);
    const isKnown = () => this.known.isKnown({ mobileNumbers }, context.ip);
    const ofNetwork = ['wrong code of network', networkOf(context.ip)];
    const isAllowed = (await this.counters.take(ofNetwork, this.networkAttempts)).taken || (await isKnown());
    const attempt = { ...context, mobileNumbers, otp, isKnown };
    const correct = challengeId === null ? await this.checkUnnamed(attempt) : await this.checkNamed(attempt, challengeId);
    // The limit is applied last, so that a refused attempt takes the same statements.
    if (!correct || !isAllowed) throw new InvalidOtpError();
    await this.counters.refund(ofNetwork);
    return correct;
  }

  /** Uses the code, once. @throws InvalidOtpError when its challenge has expired or was used, perhaps just now */
  async consume(on: StatementRunner, { challenge, attempts }: CorrectCode): Promise<ConsumedChallenge> {
    const consumed = await this.challenges.consume(on, challenge);
    if (!consumed) throw new InvalidOtpError();
    if (attempts) await this.counters.reset(attempts, on);
    return consumed;
  }

  /** Makes every open code of the account invalid. */
  async consumeAll(transaction: Transaction, userId: string): Promise<void> {
    await this.challenges.consumeAll(transaction, userId);
  }

  /** Deletes the challenges of this number. */
  async erase(transaction: Transaction, mobileNumbers: readonly string[]): Promise<void> {
    await this.challenges.erase(transaction, mobileNumbers);
  }

  private async checkNamed({ mobileNumbers, otp, purposes }: Attempt, challengeId: string): Promise<CorrectCode | null> {
    const challenge = { challengeId, mobileNumbers, purposes };
    const taken = await this.challenges.takeAttempt(challenge);
    const isCorrect = taken !== null && this.codes.isCodeOf(challengeId, otp);
    if (taken?.isLast && !isCorrect) logSecurityEvent('code_exhausted', { challenge_id: challengeId });
    return isCorrect ? { challenge, attempts: null } : null;
  }

  private async checkUnnamed({ mobileNumbers, otp, purposes: [purpose], ip, isKnown }: Attempt): Promise<CorrectCode | null> {
    const ofNumber = ['stray code', purpose, mobileNumbers[0]];
    const ofNetwork = [...ofNumber, networkOf(ip)];
    if (!(await this.counters.take(ofNetwork, UNNAMED_ATTEMPTS)).taken) {
      logSecurityEvent('code_exhausted', { challenge_id: null });
      return null;
    }
    const isAllowed = (await this.counters.take(ofNumber, ALL_UNNAMED_ATTEMPTS)).taken || (await isKnown());
    const open = await this.challenges.findOpen(mobileNumbers, purpose);
    const challengeId = isAllowed ? open.find((id) => this.codes.isCodeOf(id, otp)) : undefined;
    if (challengeId === undefined) return null;
    return { challenge: { challengeId, mobileNumbers, purposes: [purpose] }, attempts: ofNetwork };
  }

  private async take(
    transaction: StatementRunner,
    { mobileNumber, purpose }: { readonly mobileNumber: string; readonly purpose: OtpPurpose },
    limits: readonly CounterLimit[],
  ): Promise<void> {
    for (const limit of limits) {
      const taken = await this.counters.take(['code sent', purpose, mobileNumber, String(limit.windowSeconds)], limit, transaction);
      if (!taken.taken) throw new OtpTooSoonError(taken.retryAfterSeconds);
    }
  }

  private async insert(
    transaction: StatementRunner,
    { mobileNumber, ...code }: Pick<NewChallenge, 'purpose' | 'fromSignup'> & { readonly mobileNumber: string },
  ): Promise<string> {
    const id = newId();
    await this.challenges.insert(transaction, {
      ...code,
      id,
      mobileNumbers: spellingsOf(mobileNumber),
      lifetimeSeconds: CODE_LIFETIME_SECONDS,
      isSettled: this.isInResponse,
    });
    return id;
  }
}
