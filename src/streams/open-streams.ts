import { connectRedis } from '../redis/redis-connection.js';
import { ProcessSignals, ProcessStreams } from './process-streams.js';
import { RedisChannels, SubscriberRedis } from './redis-channels.js';
import { RedisSignals, RedisStreams } from './redis-streams.js';
import type { Signals } from './signals.js';
import { DEFAULT_STREAM_OPTIONS, type StreamOptions, type StreamStore } from './stream-store.js';

export interface Streams {
  readonly store: StreamStore;
  readonly signals: Signals;
  close(): void;
}

let inProcess: Streams | null = null;

/**
 * Streams and signals, chosen here and nowhere else: Redis where there is one, else the memory of this process. The latter is one for all
 * applications in the process, whatever their options, or they would not hear each other; closing it does nothing.
 *
 * @throws Error when Redis does not answer
 */
export async function openStreams(redisUrl: string | undefined, given: Partial<StreamOptions> = {}): Promise<Streams> {
  const options = { ...DEFAULT_STREAM_OPTIONS, ...given };
  if (redisUrl === undefined) {
    return (inProcess ??= { store: new ProcessStreams(options), signals: new ProcessSignals(), close: () => undefined });
  }
  // A connection for streams alone: thousands of appends a second keep nobody else waiting.
  const [commands, subscriptions] = await Promise.all([
    connectRedis(redisUrl, 'gemini-chat streams'),
    connectRedis(redisUrl, 'gemini-chat stream readers', SubscriberRedis),
  ]);
  const channels = new RedisChannels(subscriptions);
  return {
    store: new RedisStreams(commands, channels, options),
    signals: new RedisSignals(commands, channels),
    close: () => {
      commands.disconnect();
      subscriptions.disconnect();
    },
  };
}
