import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';

const HEARTBEAT_MS = 3_000;

/** How long the first connection may take before one goes on without it. */
const FIRST_CONNECTION_MS = 2_500;

export interface RedisConnection {
  readonly client: Redis;
  /** Resolves when Redis has answered, or after a while without: what needs it waits or fails by itself then. */
  readonly begun: Promise<void>;
  /** Ends it for good. */
  close(): void;
}

/**
 * A connection that never makes anybody wait: commands fail at once while Redis is away, and within two seconds when it is silent. A heartbeat
 * notices a connection whose other end is gone within eight seconds; it is replaced for as long as `close` was not called.
 */
export function openRedis(url: string, purpose: string): RedisConnection {
  const logger = new Logger('Redis');
  const client = new Redis(url, {
    connectionName: purpose,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    // Counts from a command until anything arrives.
    socketTimeout: 4_000,
    disconnectTimeout: 500,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(50 * times, 1_000) * (0.5 + Math.random() / 2),
  });
  const heartbeat = setInterval(() => {
    if (client.status === 'ready') client.ping().catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  // Said once per outage, not once per try.
  let isAway = false;
  let isClosed = false;
  client.on('error', (error) => {
    if (!isAway && !isClosed) logger.warn(`${purpose}: ${error.message}`);
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) logger.log(`${purpose}: connected again`);
    isAway = false;
  });
  const begun = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, FIRST_CONNECTION_MS);
    client.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return {
    client,
    begun,
    close: () => {
      isClosed = true;
      clearInterval(heartbeat);
      client.disconnect();
    },
  };
}
