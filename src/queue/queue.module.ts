import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BullModule } from '@nestjs/bullmq';
import { MetricsModule } from '../common/metrics/metrics.module.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { openQueueConnection, type QueueConnection } from './queue-connection.js';
import { Queues } from './queues.js';

const QUEUE_CONNECTION = Symbol('QUEUE_CONNECTION');

/** Owns the connection that all queues of the process share. */
@Global()
@Module({
  imports: [DiscoveryModule, MetricsModule],
  providers: [
    { provide: QUEUE_CONNECTION, inject: [InjectConfig.TOKEN], useFactory: (config: Config) => openQueueConnection(config) },
    Queues,
  ],
  exports: [QUEUE_CONNECTION, Queues],
})
class QueueConnectionModule implements OnApplicationShutdown {
  constructor(@Inject(QUEUE_CONNECTION) private readonly connection: QueueConnection) {}

  /**
   * This is the last hook of a shutdown. @nestjs/bullmq closes queues and workers in the same hook of modules that
   * depend on this one, which runs before.
   */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}

@Module({
  imports: [
    QueueConnectionModule,
    BullModule.forRootAsync({
      inject: [QUEUE_CONNECTION],
      useFactory: ({ options }: QueueConnection) => options,
    }),
  ],
})
export class QueueModule {}
