import { Injectable, Logger } from '@nestjs/common';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StatementRunner } from '../../database/database.js';
import { codeKeyFrom, codeOf } from './one-time-code.js';
import type { OtpPurpose } from './otp-challenge.entity.js';
import { OtpRepository } from './otp.repository.js';

export const CODE_LIFETIME_SECONDS = 300;

/** A code that was asked for. */
export interface Challenge {
  readonly id: string;
  readonly mobileNumber: string;
  readonly purpose: OtpPurpose;
}

@Injectable()
export class OtpService {
  private readonly logger = new Logger('OneTimeCodes');
  private readonly key: Buffer;

  constructor(
    private readonly challenges: OtpRepository,
    @InjectConfig() private readonly config: Config,
  ) {
    if (config.JWT_SECRET === undefined || config.OTP_DELIVERY === undefined) throw new Error('JWT_SECRET and OTP_DELIVERY are demanded');
    this.key = codeKeyFrom(config.JWT_SECRET);
  }

  /** The challenge of a new account, in the transaction that makes it. */
  async challengeNewUser(transaction: StatementRunner, mobileNumber: string): Promise<Challenge> {
    const challenge = { id: newId(), mobileNumber, purpose: 'sign_in' } as const;
    await this.challenges.insert({ ...challenge, fromSignup: true, lifetimeSeconds: CODE_LIFETIME_SECONDS }, transaction);
    return challenge;
  }

  /** Sends the code of a committed challenge on its way. @returns the code where answers may hold it, else null */
  deliver(challenge: Challenge): string | null {
    const code = codeOf(challenge.id, this.key);
    if (this.config.OTP_DELIVERY === 'response') return code;
    this.logger.log(`The code for ${challenge.mobileNumber} (${challenge.purpose}) is ${code}`);
    return null;
  }
}
