import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

/**
 * The options of every connection to Redis. A command fails at once while Redis is unreachable, instead of being
 * queued, because the service can do without Redis for a while. A connection that has gone silent is replaced.
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
  /** Commands of one turn of the event loop share a write. */
  enableAutoPipelining: true,
  lazyConnect: true,
  retryStrategy: (attempt: number) => Math.min(1_000, 50 * 2 ** Math.min(attempt, 10)),
} as const satisfies RedisOptions;

const HEARTBEAT_MS = 3_000;

/** A client whose `disconnect` always leads to `end`, as BullMQ expects when it closes a worker. */
export class EndingRedis extends Redis {
  override disconnect(reconnect = false): void {
    // Between two attempts there is no socket to close, and ioredis would stay in this status for good.
    if (!reconnect && this.status === 'reconnecting') this.connect().catch(() => undefined);
    super.disconnect(reconnect);
  }
}

/** A connection with a heartbeat. It is needed because a socket's timeout only runs while a response is awaited. */
export class ServiceRedis extends EndingRedis {
  private readonly heartbeat = setInterval(() => {
    if (this.status === 'ready') this.ping().catch(() => undefined);
  }, HEARTBEAT_MS);

  override disconnect(reconnect = false): void {
    if (!reconnect) clearInterval(this.heartbeat);
    super.disconnect(reconnect);
  }
}

/**
 * Opens a connection that is ready for commands. It reconnects by itself until it is closed.
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

/**
 * Logs one line when Redis becomes unreachable and one when it is back. ioredis repeats its errors with every attempt.
 */
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
