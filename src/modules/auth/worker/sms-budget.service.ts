import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Counters } from '../../../database/counters.js';
import type { UnsettledChallenge } from '../otp.repository.js';

const DAY_SECONDS = 86_400;
/** The part of a share after which a warning is logged. */
const WARN_AT = 0.8;

/** The recipient of an SMS. An administrator is one who has given the password. */
type Recipient = 'anybody' | 'verified' | 'administrator';

/** A part of the budget that some recipients use together. */
interface Share {
  readonly name: string;
  readonly key: readonly string[];
  readonly limit: number;
}

/** The shares that one SMS was charged to; they are refunded when it was not sent. */
export type PaidSms = readonly Share[];

/**
 * SMS_DAILY_BUDGET in nested shares: the whole budget, the part for everybody except administrators, and within that
 * the part for numbers that are not verified. So strangers can use up neither the part that is reserved for users, nor
 * what an administrator needs to sign in.
 */
@Injectable()
export class SmsBudgetService {
  private readonly logger = new Logger(SmsBudgetService.name);
  private readonly shares: Readonly<Record<Recipient, PaidSms>>;

  constructor(
    private readonly counters: Counters,
    metrics: Metrics,
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
    // The smallest share comes first: an SMS that it refuses is charged to no other.
    this.shares = { administrator: [whole], verified: [users, whole], anybody: [strangers, users, whole] };
    const all = { whole, users, strangers };
    metrics.observeService(
      {
        service_sms_budget: { help: 'SMS that a share of SMS_DAILY_BUDGET allows within 24 hours.', labels: ['share'] },
        service_sms_budget_remaining: { help: 'SMS that are left of a share of SMS_DAILY_BUDGET.', labels: ['share'] },
      },
      async () => {
        const taken = await this.counters.countAll(Object.values(all).map(({ key }) => key));
        const shares = Object.entries(all).map(([share, { limit }], i) => ({ labels: { share }, limit, taken: taken[i] ?? 0 }));
        return {
          service_sms_budget: shares.map(({ labels, limit }) => ({ labels, value: limit })),
          service_sms_budget_remaining: shares.map((share) => ({ labels: share.labels, value: Math.max(0, share.limit - share.taken) })),
        };
      },
    );
  }

  /** @returns null when a share is used up; no share is charged then */
  async pay(challenge: Pick<UnsettledChallenge, 'purpose' | 'isVerified'>): Promise<PaidSms | null> {
    const paid: Share[] = [];
    for (const share of this.shares[recipientOf(challenge)]) {
      const taken = await this.counters.take(share.key, { limit: share.limit, windowSeconds: DAY_SECONDS });
      if (!taken.taken) {
        this.logger.error(`${share.name} (${share.limit}) is used up: codes are not sent`);
        await this.refund(paid);
        return null;
      }
      paid.push(share);
      if (taken.count === Math.ceil(share.limit * WARN_AT)) {
        this.logger.warn(`${share.name}: ${taken.count} of ${share.limit} SMS were sent within 24 hours`);
      }
    }
    return paid;
  }

  async refund(paid: PaidSms): Promise<void> {
    for (const { key } of paid) await this.counters.refund(key);
  }
}

function recipientOf({ purpose, isVerified }: Pick<UnsettledChallenge, 'purpose' | 'isVerified'>): Recipient {
  if (purpose === 'admin_sign_in') return 'administrator';
  return isVerified ? 'verified' : 'anybody';
}
