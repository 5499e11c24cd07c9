import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { OptionalPart } from '../common/optional-part.js';

export interface CachedBody {
  readonly body: string;
  /** Where it comes from: the cache, or a request that made it; and whether the next one will find it. */
  readonly source: 'hit' | 'stored' | 'not_stored';
}

/** Bodies of answers, as they are sent. A cache that is away or slow is a miss, never an error. */
@Injectable()
export class BodyCache {
  /** With reading and writing one after the other a request loses at most one of them: after a failure nothing is tried for a while. */
  private readonly part = new OptionalPart({ deadlineMs: 250, pauseMs: 1_000 });
  private readonly flights = new Map<string, Promise<CachedBody>>();

  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  /** The cached body, or what `make` makes. All who ask this process for one key at the same time share one answer. */
  async getOrMake(key: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const others = this.flights.get(key);
    if (others) return others;
    const flight = this.fly(key, ttlMs, make).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  private async fly(key: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const found = await this.part.attempt(() => this.cache.get<string>(key));
    if (typeof found?.value === 'string') return { body: found.value, source: 'hit' };
    const body = await make();
    const stored = await this.part.attempt(() => this.cache.set(key, body, ttlMs));
    return { body, source: stored === null ? 'not_stored' : 'stored' };
  }
}
