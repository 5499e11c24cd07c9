import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';
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
 * accepts writes it continues, degraded.
 */
@Injectable()
export class ReadinessService {
  private draining = false;

  constructor(
    private readonly database: Database,
    @InjectRedis() private readonly redis: Redis | null,
  ) {}

  get isDraining(): boolean {
    return this.draining;
  }

  startDraining(): void {
    this.draining = true;
  }

  /** @throws NotReadyError */
  async check(): Promise<Readiness> {
    const { redis } = this;
    const [postgresql, cache] = await Promise.all([
      isReachable(() => this.database.run(ping, {})),
      redis === null ? null : isReachable(() => redis.set(PROBE_KEY, '1', 'EX', PROBE_SECONDS)),
    ]);
    const checks: Checks = { postgresql: stateOf(postgresql), ...(cache === null ? {} : { redis: stateOf(cache) }) };
    if (this.draining) throw new NotReadyError({ reason: 'draining', checks });
    if (!postgresql) throw new NotReadyError({ reason: 'dependency', checks });
    return { status: cache === false ? 'degraded' : 'ok', checks };
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
