import type { Redis, RedisOptions } from 'ioredis';
import { ServiceRedis } from '../redis/redis-connection.js';

/** Leaves it to RedisChannels to subscribe again after an outage, only to channels that still have listeners. */
export class SubscriberRedis extends ServiceRedis {
  constructor(url: string, options: RedisOptions) {
    super(url, { ...options, autoResubscribe: false, enableAutoPipelining: false });
  }
}

/** A listener on a channel. */
export interface ChannelListener {
  readonly onMessage: (message: string) => void;
  /**
   * Called when messages may have been missed: at the first subscription, after an outage, and when the client is
   * closed.
   */
  readonly onMissed?: () => void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  live: boolean;
}

/** Most channels of one SUBSCRIBE. */
const SUBSCRIBE_AT_ONCE = 500;

/** The subscriber connection of a process, which all listeners share. */
export class RedisChannels {
  private readonly channels = new Map<string, Channel>();

  constructor(private readonly client: Redis) {
    client.on('message', (name: string, message: string) => {
      for (const listener of this.channels.get(name)?.listeners ?? []) listener.onMessage(message);
    });
    client.on('close', () => {
      for (const channel of this.channels.values()) channel.live = false;
    });
    client.on('end', () => {
      for (const { listeners } of this.channels.values()) for (const { onMissed } of listeners) onMissed?.();
    });
    client.on('ready', () => {
      const names = [...this.channels.keys()];
      for (let i = 0; i < names.length; i += SUBSCRIBE_AT_ONCE) this.subscribe(names.slice(i, i + SUBSCRIBE_AT_ONCE));
    });
  }

  /** @returns a function that removes the listener */
  listen(name: string, listener: ChannelListener): () => void {
    const known = this.channels.get(name);
    const channel = known ?? { listeners: new Set(), live: false };
    channel.listeners.add(listener);
    if (known?.live) listener.onMissed?.();
    if (!known) {
      this.channels.set(name, channel);
      this.subscribe([name]);
    }
    return () => {
      channel.listeners.delete(listener);
      if (channel.listeners.size > 0 || this.channels.get(name) !== channel) return;
      this.channels.delete(name);
      if (this.client.status === 'ready') this.client.unsubscribe(name).catch(() => undefined);
    };
  }

  private subscribe(names: readonly string[]): void {
    // Otherwise the `ready` event subscribes.
    if (this.client.status !== 'ready') return;
    const asked = names.map((name) => this.channels.get(name));
    this.client.subscribe(...names).then(
      () => {
        for (const channel of asked) {
          if (!channel) continue;
          channel.live = true;
          for (const { onMissed } of channel.listeners) onMissed?.();
        }
      },
      () => {
        // The connection is up but refuses to subscribe, so it is replaced. The next one subscribes to all channels.
        if (this.client.status === 'ready') this.client.disconnect(true);
      },
    );
  }
}
