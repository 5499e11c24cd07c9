import { Injectable } from '@nestjs/common';
import { OtpDelivery, OtpDeliveryError } from '../../../integrations/otp-delivery/index.js';
import { canBeMobile } from '../../users/index.js';
import { OneTimeCodesService } from '../one-time-codes.service.js';
import type { OtpPurpose } from '../otp-challenge.entity.js';
import { OtpRepository, type UnsettledChallenge } from '../otp.repository.js';
import { type PaidSms, SmsBudgetService } from './sms-budget.service.js';

const ACTION: Readonly<Record<OtpPurpose, string>> = {
  sign_in: 'to sign in',
  admin_sign_in: 'to sign in as an administrator',
  reset_password: 'to reset your password',
};

/**
 * Delivers the code of a challenge once. A job that is repeated, too late, or for a number without an account does
 * nothing.
 */
@Injectable()
export class OtpSenderService {
  constructor(
    private readonly challenges: OtpRepository,
    private readonly codes: OneTimeCodesService,
    private readonly delivery: OtpDelivery,
    private readonly budget: SmsBudgetService,
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
        mobileNumber: challenge.mobileNumber,
        email: challenge.email,
        subject: `${code} is your code`,
        text: `${code} is your code ${ACTION[challenge.purpose]}. It is valid for five minutes. Nobody from our side will ever ask you for it.`,
      });
    } catch (error) {
      await this.budget.refund(paid);
      throw error;
    }
    await this.challenges.settle(challengeId);
  }

  /** Settles a challenge whose code cannot be delivered, so that the sweep adds no further job. */
  async abandon(challengeId: string): Promise<void> {
    await this.challenges.settle(challengeId);
  }

  private async payForSms(challenge: UnsettledChallenge): Promise<PaidSms> {
    if (!this.delivery.isSms) return [];
    // Accounts of earlier releases may have numbers that sign-up refuses today.
    if (!canBeMobile(challenge.mobileNumber)) throw new OtpDeliveryError('the number cannot be a mobile number', false);
    const paid = await this.budget.pay(challenge);
    if (!paid) throw new OtpDeliveryError('the daily budget of SMS is used up', false);
    return paid;
  }
}
