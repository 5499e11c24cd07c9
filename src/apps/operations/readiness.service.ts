import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Metrics } from '../../common/metrics/metrics.js';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { StripeAccount } from '../../integrations/stripe/index.js';
import { InjectRedis } from '../../redis/redis.module.js';
import { type Checks, NotReadyError } from './not-ready.error.js';

const DEADLINE_MS = 2_000;
/** A key that is only written: a Redis that is full, or a replica, still answers PING. */
const PROBE_KEY = 'gemini-chat:readiness';
const PROBE_SECONDS = 60;

const ping = statement({ name: 'readiness_ping', columns: { one: 'int4' }, text: 'SELECT 1 AS one' });

export interface Readiness {
  readonly status: 'ok' | 'degraded';
  readonly checks: Checks;
}

/**
 * Decides whether this process should get work: not while it drains, and not without PostgreSQL. Without a Redis that
 * accepts writes it continues, degraded; so it does with a wrong key of Stripe, where only payments are stopped, and
 * when a configured price cannot be sold.
 */
@Injectable()
export class ReadinessService {
  private draining = false;

  constructor(
    private readonly database: Database,
    @InjectRedis() private readonly redis: Redis | null,
    private readonly stripe: StripeAccount,
    metrics: Metrics,
  ) {
    metrics.observe(
      {
        dependency_up: { help: 'Whether this process can use what it depends on: 1, or 0 as its readiness says.', labels: ['dependency'] },
      },
      async () => {
        const { postgresql, redis } = await this.look();
        const { keyFault, hasUnsoldPrices } = this.stripe;
        const states = { postgresql, ...(redis === null ? {} : { redis }), stripe: keyFault === null, stripe_prices: !hasUnsoldPrices };
        return { dependency_up: Object.entries(states).map(([dependency, isUp]) => ({ labels: { dependency }, value: Number(isUp) })) };
      },
    );
  }

  get isDraining(): boolean {
    return this.draining;
  }

  startDraining(): void {
    this.draining = true;
  }

  /** @throws NotReadyError */
  async check(): Promise<Readiness> {
    const { postgresql, redis } = await this.look();
    const { keyFault, hasUnsoldPrices } = this.stripe;
    const checks: Checks = {
      postgresql: stateOf(postgresql),
      ...(redis === null ? {} : { redis: stateOf(redis) }),
      ...(keyFault === null ? {} : { stripe: keyFault }),
      ...(hasUnsoldPrices ? { stripe_prices: 'unavailable' } : {}),
    };
    if (this.draining) throw new NotReadyError({ reason: 'draining', checks });
    if (!postgresql) throw new NotReadyError({ reason: 'dependency', checks });
    return { status: redis === false || keyFault !== null || hasUnsoldPrices ? 'degraded' : 'ok', checks };
  }

  /** Redis is null where there is none. */
  private async look(): Promise<{ postgresql: boolean; redis: boolean | null }> {
    const { redis } = this;
    const [postgresql, writes] = await Promise.all([
      isReachable(() => this.database.run(ping, {})),
      redis === null ? null : isReachable(() => redis.set(PROBE_KEY, '1', 'EX', PROBE_SECONDS)),
    ]);
    return { postgresql, redis: writes };
  }
}

const stateOf = (reachable: boolean) => (reachable ? 'ok' : 'unavailable');

async function isReachable(ask: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, DEADLINE_MS, false);
  });
  const answered = ask().then(
    () => true,
    () => false,
  );
  return Promise.race([answered, late]).finally(() => {
    clearTimeout(timer);
  });
}
