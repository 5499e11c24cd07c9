import { Injectable } from '@nestjs/common';
import { OtpDelivery, OtpDeliveryError } from '../../../integrations/otp-delivery/index.js';
import { canBeMobile } from '../../users/index.js';
import { OneTimeCodes } from '../one-time-codes.js';
import type { OtpPurpose } from '../otp-challenge.entity.js';
import { OtpRepository, type UnsettledChallenge } from '../otp.repository.js';
import { type PaidSms, SmsBudget } from './sms-budget.js';

const USE: Readonly<Record<OtpPurpose, string>> = {
  sign_in: 'to sign in',
  admin_sign_in: 'to sign in as an administrator',
  reset_password: 'to reset your password',
};

/** Delivers the code of a challenge, once: a job that comes again, too late, or for a number without an account does nothing. */
@Injectable()
export class OtpSender {
  constructor(
    private readonly challenges: OtpRepository,
    private readonly codes: OneTimeCodes,
    private readonly delivery: OtpDelivery,
    private readonly budget: SmsBudget,
  ) {}

  /** @throws OtpDeliveryError */
  async send(challengeId: string): Promise<void> {
    const challenge = await this.challenges.findUnsettled(challengeId);
    if (!challenge) {
      await this.challenges.settle(challengeId);
      return;
    }
    const paid = await this.payForSms(challenge);
    const code = this.codes.codeOf(challengeId);
    try {
      await this.delivery.send({
        mobileNumber: challenge.mobile_number,
        email: challenge.email,
        subject: `${code} is your code`,
        text: `${code} is your code ${USE[challenge.purpose]}. It is valid for five minutes. Nobody from our side will ever ask you for it.`,
      });
    } catch (error) {
      await this.budget.giveBack(paid);
      throw error;
    }
    await this.challenges.settle(challengeId);
  }

  /** No more tries: the sweep would make another job. */
  async giveUp(challengeId: string): Promise<void> {
    await this.challenges.settle(challengeId);
  }

  private async payForSms(challenge: UnsettledChallenge): Promise<PaidSms> {
    if (!this.delivery.isSms) return [];
    // Accounts of earlier releases may have numbers that are refused today.
    if (!canBeMobile(challenge.mobile_number)) throw new OtpDeliveryError('the number is of no mobile phone', false);
    const paid = await this.budget.pay(challenge);
    if (!paid) throw new OtpDeliveryError('the daily budget of SMS is used up', false);
    return paid;
  }
}
