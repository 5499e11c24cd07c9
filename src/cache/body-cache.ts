import { createHash } from 'node:crypto';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { LRUCache } from 'lru-cache';
import { Metrics } from '../common/metrics/metrics.js';
import { OptionalPart } from '../common/optional-part.js';
import { CACHE_STORE, type CacheStore } from './cache-store.js';

export interface CachedBody {
  readonly body: string;
  /** `hit`: it was cached. Otherwise this request produced it, and the next one finds it when it was `stored`. */
  readonly source: 'hit' | 'stored' | 'not_stored';
}

/** Most characters of bodies and keys in the memory of this process, and how long a body is kept there. */
const MAX_NEAR_CHARACTERS = 32 * 1024 * 1024;
const NEAR_MS = 60_000;

/** Longer than any request that may still be producing a body. */
const FORGOTTEN_MS = 600_000;

/**
 * Caches bodies of responses by owner, as they are sent: in the store, and for a minute in this process too, so that a
 * key must name one version of its body. An unreachable or slow store is a miss, never an error.
 */
@Injectable()
export class BodyCache {
  private readonly logger = new Logger(BodyCache.name);
  /** A failure pauses the cache, so that a request that reads and then writes loses at most one deadline. */
  private readonly part = new OptionalPart({ deadlineMs: 250, pauseMs: 1_000 });
  private readonly near = new LRUCache<string, string>({
    maxSize: MAX_NEAR_CHARACTERS,
    sizeCalculation: (body, key) => key.length + body.length,
  });
  private readonly flights = new Map<string, Promise<CachedBody>>();

  private readonly requests;
  private readonly deleting = new OptionalPart({ deadlineMs: 5_000, pauseMs: 0 });

  constructor(
    @Inject(CACHE_MANAGER) private readonly cache: Cache,
    @Inject(CACHE_STORE) private readonly store: CacheStore,
    metrics: Metrics,
  ) {
    this.requests = metrics.counter('body_cache_requests_total', 'Bodies that were asked of the cache, by where they came from.', [
      'source',
    ]);
  }

  /**
   * Returns the cached body, or the one that `make` produces. Concurrent callers of one key in this process share it.
   */
  async getOrMake(owner: string, ownKey: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const body = await this.find(owner, ownKey, ttlMs, make);
    this.requests.inc({ source: body.source });
    return body;
  }

  private async find(owner: string, ownKey: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const key = `${owner}:${ownKey}`;
    const near = this.near.get(key);
    if (near !== undefined) return { body: near, source: 'hit' };
    const others = this.flights.get(key);
    if (others) return others;
    const flight = this.fly(owner, key, ttlMs, make).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /**
   * Removes all bodies of an owner, by a walk through all keys. Bodies that are being produced meanwhile are not kept
   * either. When the store is unreachable, its bodies last until the end of their TTL; other processes keep theirs for
   * the rest of their minute.
   */
  async forget(owner: string): Promise<void> {
    for (const key of this.near.keys()) if (key.startsWith(`${owner}:`)) this.near.delete(key);
    const done = await this.deleting.attempt(async () => {
      await this.cache.set(forgottenKey(owner), 'forgotten', FORGOTTEN_MS);
      await this.store.deleteAll(`${owner}:`);
    });
    if (done === null) this.logger.warn(`the cached bodies of ${owner} were left to their TTL`);
  }

  private async fly(owner: string, key: string, ttlMs: number, make: () => Promise<string>): Promise<CachedBody> {
    const found = await this.part.attempt(() => this.cache.get<string>(key));
    const ttl = Math.min(ttlMs, NEAR_MS);
    if (typeof found?.value === 'string') {
      this.near.set(key, found.value, { ttl });
      return { body: found.value, source: 'hit' };
    }
    const body = await make();
    const stored = await this.part.attempt(() => this.keep(owner, key, body, ttlMs));
    if (stored?.value !== true) return { body, source: 'not_stored' };
    this.near.set(key, body, { ttl });
    return { body, source: 'stored' };
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
