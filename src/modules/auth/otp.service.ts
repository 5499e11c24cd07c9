import { Injectable } from '@nestjs/common';
import { networkOf } from '../../common/client.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type CounterLimit, Counters } from '../../database/counters.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { canonicalNumber, spellingsOf } from '../users/index.js';
import { InvalidOtpError, OtpTooSoonError } from './auth.errors.js';
import { KnownClients } from './known-clients.js';
import { OneTimeCodes } from './one-time-codes.js';
import type { OtpPurpose } from './otp-challenge.entity.js';
import { OtpQueue } from './otp.queue.js';
import { type MetChallenge, OtpRepository, type TriedChallenge } from './otp.repository.js';

const CODE_LIFETIME_SECONDS = 300;

const A_MINUTE: CounterLimit = { limit: 1, windowSeconds: 60 };
const AN_HOUR: CounterLimit = { limit: 5, windowSeconds: 3_600 };

/** Tries without a challenge's id, from one address. */
const STRAY_TRIES: CounterLimit = { limit: 5, windowSeconds: CODE_LIFETIME_SECONDS };
/** And from all addresses together, so that a crowd of them has one chance in ten thousand an hour. */
const ALL_STRAY_TRIES: CounterLimit = { limit: 100, windowSeconds: 3_600 };

/** A code that is on its way. Times in seconds. */
export interface SentChallenge {
  readonly challengeId: string;
  readonly expiresIn: number;
  readonly resendAfter: number;
  /** The code, where answers may hold it. */
  readonly otp: string | null;
}

/** A code that somebody gives. */
export interface GivenCode {
  /** In E.164, in any of its spellings. */
  readonly mobileNumber: string;
  readonly otp: string;
  readonly challengeId: string | null;
}

/** A code that is right, if its challenge is still open. */
export interface RightCode {
  readonly challenge: TriedChallenge;
  /** The counter of wrong tries that it ends. */
  readonly tries: readonly string[] | null;
}

interface CodeOfNumber {
  readonly mobileNumbers: readonly [string, ...string[]];
  readonly otp: string;
}

/** Codes by purpose: how often they are made, and how often one may guess. */
@Injectable()
export class OtpService {
  private readonly isAnswered: boolean;
  /** Wrong codes of one network, over all accounts. */
  private readonly networkTries: CounterLimit;

  constructor(
    private readonly challenges: OtpRepository,
    private readonly codes: OneTimeCodes,
    private readonly counters: Counters,
    private readonly queue: OtpQueue,
    private readonly known: KnownClients,
    private readonly database: Database,
    @InjectConfig() { OTP_DELIVERY, NETWORK_WRONG_CODES }: Config,
  ) {
    if (OTP_DELIVERY === undefined) throw new Error('OTP_DELIVERY is demanded by every entry point that signs people in');
    this.isAnswered = OTP_DELIVERY === 'response';
    this.networkTries = { limit: NETWORK_WRONG_CODES, windowSeconds: 3_600 };
  }

  /**
   * Makes the challenge of a new account, in the transaction that makes the account. It starts no minute, but is one of the hour's five.
   *
   * @returns its id, for `deliver` after the commit
   * @throws OtpTooSoonError
   */
  async challengeNewUser(transaction: StatementRunner, mobileNumber: string): Promise<string> {
    await this.take(transaction, mobileNumber, 'sign_in', [AN_HOUR]);
    return this.insert(transaction, mobileNumber, 'sign_in', true);
  }

  /**
   * Makes a challenge for a number, whether or not it has an account, and sends its code if it has. An older code of the purpose is void.
   *
   * @param givenNumber in E.164, in any of its spellings
   * @throws OtpTooSoonError
   */
  async send(givenNumber: string, purpose: OtpPurpose): Promise<SentChallenge> {
    const mobileNumber = canonicalNumber(givenNumber);
    const id = await this.database.transaction(async (transaction) => {
      await this.take(transaction, mobileNumber, purpose, [A_MINUTE, AN_HOUR]);
      return this.insert(transaction, mobileNumber, purpose, false);
    });
    return this.deliver(id);
  }

  /** Sends the code of a committed challenge on its way. */
  async deliver(challengeId: string): Promise<SentChallenge> {
    if (!this.isAnswered) await this.queue.add(challengeId);
    return {
      challengeId,
      expiresIn: CODE_LIFETIME_SECONDS,
      resendAfter: A_MINUTE.windowSeconds,
      otp: this.isAnswered ? this.codes.codeOf(challengeId) : null,
    };
  }

  /**
   * Finds the challenge that a code is right for, and counts the try before it looks at the code: so no more are judged than there are tries, and
   * where there is nothing to judge a right code takes the same work as a wrong one.
   *
   * A try that names its challenge counts against that alone. One that does not counts against number and address together: whoever is
   * elsewhere cannot use up the owner's tries. Wrong codes count against their network too, over all accounts. Who is known at the network is not
   * held up by what others there, or all networks together, have tried.
   *
   * @param purposes what the code may be for; without a challenge's id the first of them only
   * @returns what `consume` takes in the transaction of the code's effect
   * @throws InvalidOtpError; known and unknown numbers take the same statements
   */
  async check(given: GivenCode, purposes: readonly [OtpPurpose, ...OtpPurpose[]], ip: string): Promise<RightCode> {
    const mobileNumbers = spellingsOf(given.mobileNumber);
    const isKnown = () => this.known.isKnown({ mobileNumbers }, ip);
    const ofNetwork = ['wrong code of network', networkOf(ip)];
    const mayTry = (await this.counters.take(ofNetwork, this.networkTries)).taken || (await isKnown());
    const right =
      given.challengeId === null
        ? await this.checkStray({ otp: given.otp, mobileNumbers }, purposes[0], ip, isKnown)
        : await this.checkNamed({ otp: given.otp, mobileNumbers }, given.challengeId, purposes);
    // Judged last, so that a refused try takes the same statements.
    if (!right || !mayTry) throw new InvalidOtpError();
    await this.counters.giveBack(ofNetwork);
    return right;
  }

  /** Uses the code up, once. @throws InvalidOtpError when it is expired, dead or used, perhaps a moment ago */
  async consume(transaction: StatementRunner, { challenge, tries }: RightCode): Promise<MetChallenge> {
    const met = await this.challenges.consume(transaction, challenge);
    if (!met) throw new InvalidOtpError();
    if (tries) await this.counters.reset(tries, transaction);
    return met;
  }

  /** Makes every open code of the account useless. */
  async consumeAll(transaction: StatementRunner, userId: string): Promise<void> {
    await this.challenges.consumeAll(transaction, userId);
  }

  /** Deletes what is stored of codes for this number. */
  async erase(transaction: StatementRunner, mobileNumbers: readonly string[]): Promise<void> {
    await this.challenges.erase(transaction, mobileNumbers);
  }

  private async checkNamed(
    { mobileNumbers, otp }: CodeOfNumber,
    challengeId: string,
    purposes: readonly OtpPurpose[],
  ): Promise<RightCode | null> {
    const challenge = { challengeId, mobileNumbers, purposes };
    const isRight = (await this.challenges.takeTry(challenge)) && this.codes.isCodeOf(challengeId, otp);
    return isRight ? { challenge, tries: null } : null;
  }

  private async checkStray(
    { mobileNumbers, otp }: CodeOfNumber,
    purpose: OtpPurpose,
    ip: string,
    isKnown: () => Promise<boolean>,
  ): Promise<RightCode | null> {
    const [mobileNumber] = mobileNumbers;
    const tries = ['stray code', purpose, mobileNumber, networkOf(ip)];
    if (!(await this.counters.take(tries, STRAY_TRIES)).taken) return null;
    const mayTry = (await this.counters.take(['stray code', purpose, mobileNumber], ALL_STRAY_TRIES)).taken || (await isKnown());
    const open = await this.challenges.findOpen(mobileNumbers, purpose);
    const challengeId = mayTry ? open.find((id) => this.codes.isCodeOf(id, otp)) : undefined;
    return challengeId === undefined ? null : { challenge: { challengeId, mobileNumbers, purposes: [purpose] }, tries };
  }

  private async take(
    transaction: StatementRunner,
    mobileNumber: string,
    purpose: OtpPurpose,
    limits: readonly CounterLimit[],
  ): Promise<void> {
    for (const limit of limits) {
      const taken = await this.counters.take(['code sent', purpose, mobileNumber, String(limit.windowSeconds)], limit, transaction);
      if (!taken.taken) throw new OtpTooSoonError(taken.retryAfterSeconds);
    }
  }

  private async insert(transaction: StatementRunner, mobileNumber: string, purpose: OtpPurpose, fromSignup: boolean): Promise<string> {
    const id = newId();
    await this.challenges.insert(
      { id, mobileNumbers: spellingsOf(mobileNumber), purpose, fromSignup, lifetimeSeconds: CODE_LIFETIME_SECONDS },
      this.isAnswered,
      transaction,
    );
    return id;
  }
}
