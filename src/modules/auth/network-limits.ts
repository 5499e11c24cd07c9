import { Injectable } from '@nestjs/common';
import { networkOf, wideNetworkOf } from '../../common/client.js';
import { RateLimitedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { type CounterLimit, Counters } from '../../database/counters.js';

/** What a provider's range of networks may have, compared with one network of it. */
const WIDE_FACTOR = 2;

/** How many accounts may be made, and codes asked for, from one network: one sender can use up neither the budget of SMS nor the names. */
@Injectable()
export class NetworkLimits {
  constructor(
    private readonly counters: Counters,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws RateLimitedError */
  async takeSignUp(ip: string): Promise<void> {
    await this.take('sign-ups', ip, this.config.NETWORK_SIGN_UPS_PER_HOUR, this.config.NETWORK_SIGN_UPS_PER_DAY);
    await this.takeCode(ip);
  }

  /** @throws RateLimitedError */
  async takeCode(ip: string): Promise<void> {
    await this.take('codes', ip, this.config.NETWORK_CODES_PER_HOUR, this.config.NETWORK_CODES_PER_DAY);
  }

  /** One after the other, hours first: who is refused for the hour does not use up the day. */
  private async take(what: string, ip: string, perHour: number, perDay: number): Promise<void> {
    if (!this.config.THROTTLE_ENABLED) return;
    const [network, wide] = [networkOf(ip), wideNetworkOf(ip)];
    const limits: [string, CounterLimit][] = [
      [network, { limit: perHour, windowSeconds: 3_600 }],
      [wide, { limit: perHour * WIDE_FACTOR, windowSeconds: 3_600 }],
      [network, { limit: perDay, windowSeconds: 86_400 }],
      [wide, { limit: perDay * WIDE_FACTOR, windowSeconds: 86_400 }],
    ];
    for (const [from, limit] of limits) {
      const taken = await this.counters.take([what, from, String(limit.windowSeconds)], limit);
      if (!taken.taken) throw new RateLimitedError(taken.retryAfterSeconds);
    }
  }
}
