import { createHash } from 'node:crypto';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { OptionalPart } from '../common/optional-part.js';
import { CACHE_STORE, type CacheStore } from './cache-store.js';

export interface CachedBody {
  readonly body: string;
  /** Where it comes from: the cache, or a request that made it; and whether the next one will find it. */
  readonly source: 'hit' | 'stored' | 'not_stored';
}

/** Longer than any request that may still be making a body. */
const FORGOTTEN_MS = 600_000;

/** Bodies of answers, as they are sent, each to its owner. A cache that is away or slow is a miss, never an error. */
@Injectable()
export class BodyCache {
  private readonly logger = new Logger(BodyCache.name);
  /** With reading and writing one after the other a request loses at most one of them: after a failure nothing is tried for a while. */
  private readonly part = new OptionalPart({ deadlineMs: 250, pauseMs: 1_000 });
  private readonly flights = new Map<string, Promise<CachedBody>>();

  private readonly deleting = new OptionalPart({ deadlineMs: 5_000, pauseMs: 0 });

  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    @Inject(CACHE_STORE) private readonly store: CacheStore,
  ) {}

  /** The cached body, or what `make` makes. All who ask this process for one key at the same time share one answer. */
  async getOrMake(owner: string, ownKey: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const key = `${owner}:${ownKey}`;
    const others = this.flights.get(key);
    if (others) return others;
    const flight = this.fly(owner, key, ttlMs, make).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /**
   * Removes all of an owner's bodies, by a walk through all keys, for good: what is being made of them now is not kept either. What a cache that is
   * away keeps lasts as long as its TTL.
   */
  async forget(owner: string): Promise<void> {
    const done = await this.deleting.attempt(async () => {
      await this.cache.set(forgottenKey(owner), 'forgotten', FORGOTTEN_MS);
      await this.store.deleteAll(`${owner}:`);
    });
    if (done === null) this.logger.warn(`what is cached of ${owner} was left to its TTL`);
  }

  private async fly(owner: string, key: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const found = await this.part.attempt(() => this.cache.get<string>(key));
    if (typeof found?.value === 'string') return { body: found.value, source: 'hit' };
    const body = await make();
    const stored = await this.part.attempt(() => this.keep(owner, key, body, ttlMs));
    return { body, source: stored?.value === true ? 'stored' : 'not_stored' };
  }

  /**
   * Stores first and looks then whether the owner is forgotten, as `forget` says so first and removes then: whichever comes second finds the other's.
   *
   * @returns false when it is not kept
   */
  private async keep(owner: string, key: string, body: string, ttlMs: number): Promise<boolean> {
    await this.cache.set(key, body, ttlMs);
    const isForgotten = typeof (await this.cache.get<string>(forgottenKey(owner))) === 'string';
    if (isForgotten) await this.cache.del(key);
    return !isForgotten;
  }
}

/** Hashed, so that nothing of the owner is left. */
const forgottenKey = (owner: string): string => `forgotten:${createHash('sha256').update(owner).digest('base64url')}`;
