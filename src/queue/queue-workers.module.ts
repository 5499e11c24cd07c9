import { Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { ProcessedQueue, type QueueProcessor } from './queue-processor.js';
import { Queues } from './queues.js';
import { QUEUE_WORKERS } from './worker-options.js';

/**
 * Imported by the worker: it refuses to start the process when a queue has no processor, or more than one, and stops
 * the processors.
 */
@Module({ imports: [DiscoveryModule] })
export class QueueWorkersModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly queues: Queues,
  ) {}

  onModuleInit(): void {
    const processed = this.processors().map((wrapper) => this.discovery.getMetadataByDecorator(ProcessedQueue, wrapper) as string);
    const declared = new Set([...Object.keys(QUEUE_WORKERS), ...this.queues.all().map(({ name }) => name)]);
    const wrong = [...declared].filter((queue) => processed.filter((name) => name === queue).length !== 1);
    if (wrong.length > 0) throw new Error(`Each queue needs exactly one processor in the worker. Wrong: ${wrong.join(', ')}.`);
  }

  /**
   * Stops all processors at once, in the first hook of a shutdown. In hooks of their own they would follow each other,
   * and one queue would take new jobs while another one finishes its old.
   */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.processors().map(({ instance }) => (instance as QueueProcessor<unknown>).stop()));
  }

  private processors() {
    return this.discovery.getProviders({ metadataKey: ProcessedQueue.KEY });
  }
}
