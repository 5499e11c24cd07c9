import { Injectable, Logger } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Counters } from '../../../database/counters.js';
import type { UnsettledChallenge } from '../otp.repository.js';

const DAY_SECONDS = 86_400;
/** Part of a share after which the log warns. */
const WARN_AT = 0.8;

/** Whom an SMS goes to. `administrator`: one who has given the password. */
type Recipient = 'anybody' | 'verified' | 'administrator';

/** Recipients together may use so much of the budget. */
interface Share {
  readonly name: string;
  readonly key: readonly string[];
  readonly limit: number;
}

/** The units of one SMS, to be given back when it was not sent. */
export type PaidSms = readonly Share[];

/**
 * SMS_DAILY_BUDGET in shares that contain each other: everybody's, everybody's but for administrators, and that of numbers that nobody has verified.
 * Strangers thus cannot use up what is kept for those who use the service, nor what an administrator needs to sign in.
 */
@Injectable()
export class SmsBudget {
  private readonly logger = new Logger(SmsBudget.name);
  private readonly shares: Readonly<Record<Recipient, PaidSms>>;

  constructor(
    private readonly counters: Counters,
    @InjectConfig() { SMS_DAILY_BUDGET: budget, SMS_RESERVE_PERCENT: percent }: Config,
  ) {
    const reserve = Math.floor((budget * percent) / 100);
    const whole = { name: 'SMS_DAILY_BUDGET', key: ['sms'], limit: budget };
    const users = { name: 'the part of SMS_DAILY_BUDGET for users', key: ['sms', 'users'], limit: budget - Math.ceil(reserve / 2) };
    const strangers = {
      name: 'the part of SMS_DAILY_BUDGET for numbers that are not verified',
      key: ['sms', 'strangers'],
      limit: budget - reserve,
    };
    // The smallest share first: whoever is refused there touches no other.
    this.shares = { administrator: [whole], verified: [users, whole], anybody: [strangers, users, whole] };
  }

  /** @returns null when a share is used up, and then none is charged */
  async pay(challenge: Pick<UnsettledChallenge, 'purpose' | 'is_verified'>): Promise<PaidSms | null> {
    const paid: Share[] = [];
    for (const share of this.shares[recipientOf(challenge)]) {
      const taken = await this.counters.take(share.key, { limit: share.limit, windowSeconds: DAY_SECONDS });
      if (!taken.taken) {
        this.logger.error(`${share.name} (${share.limit}) is used up: codes are not sent`);
        await this.giveBack(paid);
        return null;
      }
      paid.push(share);
      if (taken.count === Math.ceil(share.limit * WARN_AT)) {
        this.logger.warn(`${share.name}: ${taken.count} of ${share.limit} SMS are sent, of 24 hours`);
      }
    }
    return paid;
  }

  async giveBack(paid: PaidSms): Promise<void> {
    for (const { key } of paid) await this.counters.giveBack(key);
  }
}

function recipientOf({ purpose, is_verified: isVerified }: Pick<UnsettledChallenge, 'purpose' | 'is_verified'>): Recipient {
  if (purpose === 'admin_sign_in') return 'administrator';
  return isVerified ? 'verified' : 'anybody';
}
