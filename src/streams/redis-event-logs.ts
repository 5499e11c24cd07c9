import type { Redis } from 'ioredis';
import { type EventLogOptions, EventLogs, type LoggedEvent, type LogListener } from './event-logs.js';
import type { RedisChannels } from './redis-channels.js';

/** Appends by the clock of Redis, forgets what is too old, and tells the listeners: `<id> <data>`. */
const APPEND = `
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'd', ARGV[1])
local time = redis.call('TIME')
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[1])
`;

interface ScriptedRedis extends Redis {
  appendToLog(key: string, data: string, maxEvents: number, keptMs: number): Promise<null>;
}

/** Event logs as Redis streams. Listeners share the subscriber connection of the process and need no other one. */
export class RedisEventLogs extends EventLogs {
  private readonly redis: ScriptedRedis;

  constructor(
    redis: Redis,
    private readonly channels: RedisChannels,
    private readonly options: EventLogOptions,
  ) {
    super();
    redis.defineCommand('appendToLog', { lua: APPEND, numberOfKeys: 1 });
    this.redis = redis as ScriptedRedis;
  }

  append(logId: string, data: string): void {
    const { maxEvents, keptMs } = this.options;
    this.redis.appendToLog(keyOf(logId), data, maxEvents, keptMs).catch(() => undefined);
  }

  listen(logId: string, { onEvent, onLive }: LogListener): () => void {
    return this.channels.listen(keyOf(logId), {
      onMessage: (message) => {
        const blank = message.indexOf(' ');
        onEvent({ id: message.slice(0, blank), data: message.slice(blank + 1) });
      },
      onMissed: onLive,
    });
  }

  async read(logId: string): Promise<LoggedEvent[]> {
    const since = Date.now() - this.options.keptMs;
    const found = await this.redis.xrange(keyOf(logId), since, '+');
    return found.map(([id, fields]) => ({ id, data: fields[1] ?? '' }));
  }

  async forget(logId: string): Promise<void> {
    await this.redis.del(keyOf(logId)).catch(() => undefined);
  }
}

/** The key of a log, and the name of its channel. */
const keyOf = (logId: string): string => `log:${logId}`;
