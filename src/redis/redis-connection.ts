import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

/**
 * How every connection to Redis behaves. Whoever asks while Redis is away is told at once rather than queued, because everything that is kept
 * there can be done without it for a while; a connection that has gone silent is replaced.
 */
const OPTIONS = {
  connectTimeout: 5_000,
  commandTimeout: 2_000,
  /** A command that waits this long for its first byte is on a dead connection. */
  socketTimeout: 4_000,
  keepAlive: 5_000,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  lazyConnect: true,
  retryStrategy: (attempt: number) => Math.min(1_000, 50 * 2 ** Math.min(attempt, 10)),
} as const satisfies RedisOptions;

const HEARTBEAT_MS = 3_000;

/** A connection that is asked for a sign of life when nobody uses it: a socket's timeout only runs while something is awaited. */
export class ServiceRedis extends Redis {
  private readonly heartbeat = setInterval(() => {
    if (this.status === 'ready') this.ping().catch(() => undefined);
  }, HEARTBEAT_MS);

  override disconnect(reconnect = false): void {
    if (!reconnect) clearInterval(this.heartbeat);
    super.disconnect(reconnect);
  }
}

/**
 * A connection that is ready for commands. It reconnects by itself for as long as it is not closed.
 *
 * @throws Error when Redis does not answer within 5 s
 */
export async function connectRedis(
  url: string,
  connectionName: string,
  Client: new (url: string, options: RedisOptions) => Redis = ServiceRedis,
): Promise<Redis> {
  const redis = new Client(url, { ...OPTIONS, connectionName });
  logOutages(redis, connectionName);
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

/** One line when Redis goes and one when it is back; ioredis repeats its errors with every try. */
export function logOutages(redis: Redis, connectionName: string): void {
  const logger = new Logger('Redis');
  let away = false;
  redis.on('error', (error: Error) => {
    if (away) return;
    away = true;
    logger.warn(`${connectionName}: ${error.message || String(error)}`);
  });
  redis.on('ready', () => {
    if (away) logger.log(`${connectionName}: back`);
    away = false;
  });
}
