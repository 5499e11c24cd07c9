import { DEFAULT_LOG_OPTIONS, type EventLogOptions, type EventLogs } from './event-logs.js';
import { ProcessEventLogs } from './process-event-logs.js';
import { RedisEventLogs } from './redis-event-logs.js';
import { connectRedis } from '../redis/redis-connection.js';
import { ProcessSignals, ProcessStreams } from './process-streams.js';
import { RedisChannels, SubscriberRedis } from './redis-channels.js';
import { RedisSignals, RedisStreams } from './redis-streams.js';
import type { Signals } from './signals.js';
import { DEFAULT_STREAM_OPTIONS, type StreamOptions, type StreamStore } from './stream-store.js';

export interface Streams {
  readonly store: StreamStore;
  readonly signals: Signals;
  readonly logs: EventLogs;
  close(): void;
}

let inProcess: Streams | null = null;

/**
 * Chooses the engine of streams, signals and event logs: Redis when there is a URL, else the memory of this process.
 * All applications of the process share that memory, with the options of the first, so that they can read each other;
 * closing it does nothing.
 *
 * @throws Error when Redis does not answer
 */
export async function openStreams(redisUrl: string | undefined, given: Partial<StreamOptions & EventLogOptions> = {}): Promise<Streams> {
  const options = { ...DEFAULT_STREAM_OPTIONS, ...DEFAULT_LOG_OPTIONS, ...given };
  if (redisUrl === undefined) {
    return (inProcess ??= {
      store: new ProcessStreams(options),
      signals: new ProcessSignals(),
      logs: new ProcessEventLogs(options),
      close: () => undefined,
    });
  }
  // Streams have a connection of their own, so that thousands of appends per second delay no other command.
  const [commands, subscriptions] = await Promise.all([
    connectRedis(redisUrl, 'gemini-chat streams'),
    connectRedis(redisUrl, 'gemini-chat stream readers', SubscriberRedis),
  ]);
  const channels = new RedisChannels(subscriptions);
  return {
    store: new RedisStreams(commands, channels, options),
    signals: new RedisSignals(commands, channels),
    logs: new RedisEventLogs(commands, channels, options),
    close: () => {
      commands.disconnect();
      subscriptions.disconnect();
    },
  };
}
