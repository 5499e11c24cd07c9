import { ProcessSignals, ProcessStreams } from './process-streams.js';
import { RedisChannels } from './redis-channels.js';
import { openRedis } from './redis-connection.js';
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
 */
export async function openStreams(redisUrl: string | undefined, given: Partial<StreamOptions> = {}): Promise<Streams> {
  const options = { ...DEFAULT_STREAM_OPTIONS, ...given };
  if (redisUrl === undefined) {
    return (inProcess ??= { store: new ProcessStreams(options), signals: new ProcessSignals(), close: () => undefined });
  }
  const commands = openRedis(redisUrl, 'streams');
  const subscriptions = openRedis(redisUrl, 'stream-readers');
  await Promise.all([commands.begun, subscriptions.begun]);
  const channels = new RedisChannels(subscriptions.client);
  return {
    store: new RedisStreams(commands.client, channels, options),
    signals: new RedisSignals(commands.client, channels),
    close: () => {
      commands.close();
      subscriptions.close();
    },
  };
}
