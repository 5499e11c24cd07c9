import { Injectable } from '@nestjs/common';
import { networkOf, wideNetworkOf } from '../../common/client.js';
import { RateLimitedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type CounterLimit, Counters } from '../../database/counters.js';

interface NetworkLimit {
  readonly counted: 'sign-ups' | 'codes';
  readonly perHour: number;
  readonly perDay: number;
}

/** The limit of a provider's range of networks is this many times the limit of one network. */
const WIDE_FACTOR = 2;

/**
 * The number of accounts that may be created, and of codes that may be requested, from one network. One sender can use
 * up neither the budget of SMS nor the usernames.
 */
@Injectable()
export class NetworkLimitsService {
  constructor(
    private readonly counters: Counters,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws RateLimitedError */
  async takeSignUp(ip: string): Promise<void> {
    const { NETWORK_SIGN_UPS_PER_HOUR: perHour, NETWORK_SIGN_UPS_PER_DAY: perDay } = this.config;
    await this.take(ip, { counted: 'sign-ups', perHour, perDay });
    await this.takeCode(ip);
  }

  /** @throws RateLimitedError */
  async takeCode(ip: string): Promise<void> {
    const { NETWORK_CODES_PER_HOUR: perHour, NETWORK_CODES_PER_DAY: perDay } = this.config;
    await this.take(ip, { counted: 'codes', perHour, perDay });
  }

  /** Takes the limits one after the other, the hour first: a request that the hour refuses does not use up the day. */
  private async take(ip: string, { counted, perHour, perDay }: NetworkLimit): Promise<void> {
    if (!this.config.THROTTLE_ENABLED) return;
    const [network, wide] = [networkOf(ip), wideNetworkOf(ip)];
    const limits: [string, CounterLimit][] = [
      [network, { limit: perHour, windowSeconds: 3_600 }],
      [wide, { limit: perHour * WIDE_FACTOR, windowSeconds: 3_600 }],
      [network, { limit: perDay, windowSeconds: 86_400 }],
      [wide, { limit: perDay * WIDE_FACTOR, windowSeconds: 86_400 }],
    ];
    for (const [from, limit] of limits) {
      const taken = await this.counters.take([counted, from, String(limit.windowSeconds)], limit);
      if (!taken.taken) throw new RateLimitedError(taken.retryAfterSeconds);
    }
  }
}
