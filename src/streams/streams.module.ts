import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { EventLogs } from './event-logs.js';
import { openStreams, type Streams } from './open-streams.js';
import { Signals } from './signals.js';
import { StreamStore } from './stream-store.js';

const STREAMS = Symbol('STREAMS');

/** Streams, signals and event logs between the processes. */
@Global()
@Module({
  providers: [
    {
      provide: STREAMS,
      inject: [InjectConfig.TOKEN],
      useFactory: ({ REDIS_URL, STREAM_TTL }: Config) => openStreams(REDIS_URL, { ttlMs: STREAM_TTL }),
    },
    { provide: StreamStore, inject: [STREAMS], useFactory: ({ store }: Streams) => store },
    { provide: Signals, inject: [STREAMS], useFactory: ({ signals }: Streams) => signals },
    { provide: EventLogs, inject: [STREAMS], useFactory: ({ logs }: Streams) => logs },
  ],
  exports: [StreamStore, Signals, EventLogs],
})
export class StreamsModule implements OnApplicationShutdown {
  constructor(@Inject(STREAMS) private readonly streams: Streams) {}

  /** This is the last hook of a shutdown, when all writers and readers have stopped. */
  onApplicationShutdown(): void {
    this.streams.close();
  }
}
