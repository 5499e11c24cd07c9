import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { KeyvAdapter } from 'cache-manager';
import { redisStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';

/** Most characters in the memory of one process: about ten thousand lists of a usual length. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
/** The prefix of all cached values in Redis. */
const PREFIX = 'gemini-chat:cache';

/** Keys that Redis scans in one command. */
const SCANNED_AT_ONCE = 1_000;

const HEARTBEAT_MS = 2_000;
const ANSWER_WITHIN_MS = 1_500;
const MAX_RETRY_MS = 500;

type RedisClient = Awaited<ReturnType<typeof redisStore>>['client'];

export const CACHE_STORE = Symbol('CACHE_STORE');

export interface CacheStore {
  readonly keyv: Keyv;
  /** Removes all values whose keys begin with `prefix`. @throws Error when Redis is unreachable */
  deleteAll(prefix: string): Promise<void>;
  close(): Promise<void>;
}

/** Chooses where values are cached: in Redis when REDIS_URL is set, else in the memory of this process. */
export async function openCacheStore(redisUrl: string | undefined): Promise<CacheStore> {
  return redisUrl === undefined ? openProcessStore() : openRedisStore(redisUrl);
}

function openProcessStore(): CacheStore {
  // Keyv keeps the expiry of each value inside the value, and checks it.
  const store = new LRUCache<string, string>({ maxSize: MAX_CHARACTERS, sizeCalculation: (value, key) => key.length + value.length });
  return {
    keyv: new Keyv({
      store: {
        get: (key: string) => store.get(key),
        set: (key: string, value: string) => store.set(key, value),
        delete: (key: string) => store.delete(key),
        clear: () => {
          store.clear();
        },
      },
      useKeyPrefix: false,
    }),
    deleteAll: (prefix) => {
      for (const key of [...store.keys()]) if (key.startsWith(prefix)) store.delete(key);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

async function openRedisStore(url: string): Promise<CacheStore> {
  const store = await redisStore({
    url,
    name: 'gemini-chat:cache',
    keyPrefix: PREFIX,
    // No request waits for the cache.
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    socket: {
      connectTimeout: 2_000,
      keepAlive: 5_000,
      reconnectStrategy: (tries) => Math.min(MAX_RETRY_MS, 50 * 2 ** Math.min(tries, 10)),
    },
  });
  const keyv = new Keyv({ store: new KeyvAdapter(store), throwOnErrors: true, useKeyPrefix: false });
  // The store writes JSON itself.
  keyv.serialize = undefined;
  keyv.deserialize = undefined;
  // A failed call throws as well. Without a listener the error would be printed too.
  keyv.on('error', () => undefined);
  const client: RedisClient = store.client;
  logOutages(client);
  const stopHeartbeat = keepAlive(client);
  return {
    keyv,
    deleteAll: async (prefix) => {
      const pattern = `${PREFIX}:${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`;
      for await (const key of client.scanIterator({ MATCH: pattern, COUNT: SCANNED_AT_ONCE })) await client.unlink(key);
    },
    close: async () => {
      stopHeartbeat();
      await client.disconnect().catch(() => undefined);
    },
  };
}

/** Logs one line when Redis becomes unreachable and one when it is back. */
function logOutages(client: RedisClient): void {
  const logger = new Logger('Cache');
  let away = false;
  client.on('error', (error: Error) => {
    if (!away) logger.warn(`Redis: ${error.message || String(error)}`);
    away = true;
  });
  client.on('ready', () => {
    if (away) logger.log('Redis: back');
    away = false;
  });
}

/**
 * Pings Redis, and reconnects after two pings without an answer, because this client never gives up a connection whose
 * other end has gone silent.
 */
function keepAlive(client: RedisClient): () => void {
  let silences = 0;
  let reopening = false;
  let closed = false;
  const beat = async () => {
    const answered = await Promise.race([
      client.ping().then(
        () => true,
        () => false,
      ),
      sleep(ANSWER_WITHIN_MS, false, { ref: false }),
    ]);
    silences = answered ? 0 : silences + 1;
    if (silences < 2) return;
    silences = 0;
    reopening = true;
    await client.disconnect().catch(() => undefined);
    // The client's own attempts to connect end after their pause.
    await sleep(2 * MAX_RETRY_MS, undefined, { ref: false });
    if (closed) return;
    // This resolves when a connection is established, however long that takes.
    void client.connect().catch(() => undefined);
    reopening = false;
  };
  const timer = setInterval(() => {
    if (!reopening) void beat();
  }, HEARTBEAT_MS);
  return () => {
    closed = true;
    clearInterval(timer);
  };
}
