import { createHash } from 'node:crypto';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { OptionalPart } from '../common/optional-part.js';
import { CACHE_STORE, type CacheStore } from './cache-store.js';

export interface CachedBody {
  readonly body: string;
  /** `hit`: it was cached. Otherwise this request produced it, and the next one finds it when it was `stored`. */
  readonly source: 'hit' | 'stored' | 'not_stored';
}

/** Longer than any request that may still be producing a body. */
const FORGOTTEN_MS = 600_000;

/** Caches bodies of responses by owner, as they are sent. An unreachable or slow cache is a miss, never an error. */
@Injectable()
export class BodyCache {
  private readonly logger = new Logger(BodyCache.name);
  /** A failure pauses the cache, so that a request that reads and then writes loses at most one deadline. */
  private readonly part = new OptionalPart({ deadlineMs: 250, pauseMs: 1_000 });
  private readonly flights = new Map<string, Promise<CachedBody>>();

  private readonly deleting = new OptionalPart({ deadlineMs: 5_000, pauseMs: 0 });

  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    @Inject(CACHE_STORE) private readonly store: CacheStore,
  ) {}

  /**
   * Returns the cached body, or the one that `make` produces. Concurrent callers of one key in this process share it.
   */
  async getOrMake(owner: string, ownKey: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const key = `${owner}:${ownKey}`;
    const others = this.flights.get(key);
    if (others) return others;
    const flight = this.fly(owner, key, ttlMs, make).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /**
   * Removes all bodies of an owner, by a walk through all keys. Bodies that are being produced meanwhile are not kept
   * either. When the cache is unreachable, its bodies last until the end of their TTL.
   */
  async forget(owner: string): Promise<void> {
    const done = await this.deleting.attempt(async () => {
      await this.cache.set(forgottenKey(owner), 'forgotten', FORGOTTEN_MS);
      await this.store.deleteAll(`${owner}:`);
    });
    if (done === null) this.logger.warn(`the cached bodies of ${owner} were left to their TTL`);
  }

  private async fly(owner: string, key: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const found = await this.part.attempt(() => this.cache.get<string>(key));
    if (typeof found?.value === 'string') return { body: found.value, source: 'hit' };
    const body = await make();
    const stored = await this.part.attempt(() => this.keep(owner, key, body, ttlMs));
    return { body, source: stored?.value === true ? 'stored' : 'not_stored' };
  }

  /**
   * Stores the body before it checks for the owner's marker, and `forget` sets the marker before it removes bodies. So
   * whichever comes second finds the effect of the other.
   *
   * @returns false when the body is not kept
   */
  private async keep(owner: string, key: string, body: string, ttlMs: number): Promise<boolean> {
    await this.cache.set(key, body, ttlMs);
    const isForgotten = typeof (await this.cache.get<string>(forgottenKey(owner))) === 'string';
    if (isForgotten) await this.cache.del(key);
    return !isForgotten;
  }
}

/** The owner is hashed, so that the marker does not identify an erased user. */
const forgottenKey = (owner: string): string => `forgotten:${createHash('sha256').update(owner).digest('base64url')}`;
