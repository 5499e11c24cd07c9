import { Injectable, Logger } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Counters } from '../../../database/counters.js';
import { OtpDelivery, OtpDeliveryError } from '../../../integrations/otp-delivery/index.js';
import { OneTimeCodes } from '../one-time-codes.js';
import type { OtpPurpose } from '../otp-challenge.entity.js';
import { OtpRepository } from '../otp.repository.js';

const USE: Readonly<Record<OtpPurpose, string>> = {
  sign_in: 'to sign in',
  admin_sign_in: 'to sign in as an administrator',
  reset_password: 'to reset your password',
};

const DAY_SECONDS = 86_400;
const BUDGET_KEY = ['sms'];

/** Delivers the code of a challenge, once: a job that comes again, too late, or for a number without an account does nothing. */
@Injectable()
export class OtpSender {
  private readonly logger = new Logger(OtpSender.name);

  constructor(
    private readonly challenges: OtpRepository,
    private readonly codes: OneTimeCodes,
    private readonly delivery: OtpDelivery,
    private readonly counters: Counters,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws OtpDeliveryError */
  async send(challengeId: string): Promise<void> {
    const challenge = await this.challenges.findUnsettled(challengeId);
    if (!challenge) {
      await this.challenges.settle(challengeId);
      return;
    }
    await this.payForSms();
    const code = this.codes.codeOf(challengeId);
    try {
      await this.delivery.send({
        mobileNumber: challenge.mobile_number,
        email: challenge.email,
        subject: `${code} is your code`,
        text: `${code} is your code ${USE[challenge.purpose]}. It is valid for five minutes. Nobody from our side will ever ask you for it.`,
      });
    } catch (error) {
      if (this.delivery.isSms) await this.counters.giveBack(BUDGET_KEY);
      throw error;
    }
    await this.challenges.settle(challengeId);
  }

  /** No more tries: the sweep would make another job. */
  async giveUp(challengeId: string): Promise<void> {
    await this.challenges.settle(challengeId);
  }

  private async payForSms(): Promise<void> {
    if (!this.delivery.isSms) return;
    const taken = await this.counters.take(BUDGET_KEY, { limit: this.config.SMS_DAILY_BUDGET, windowSeconds: DAY_SECONDS });
    if (taken.taken) return;
    this.logger.error(`SMS_DAILY_BUDGET (${this.config.SMS_DAILY_BUDGET}) is used up: codes are not sent`);
    throw new OtpDeliveryError('the daily budget of SMS is used up', false);
  }
}
