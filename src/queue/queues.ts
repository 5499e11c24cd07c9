import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Queue } from 'bullmq';

/** Every queue that this process has registered, whichever module owns it. */
@Injectable()
export class Queues implements OnModuleInit {
  constructor(private readonly discovery: DiscoveryService) {}

  /** The connection tells once that it is away; without a listener BullMQ would print every failed try to connect besides. */
  onModuleInit(): void {
    for (const queue of this.all()) queue.on('error', () => undefined);
  }

  /** By name. */
  all(): Queue[] {
    const queues = this.discovery.getProviders().flatMap(({ instance }): Queue[] => (instance instanceof Queue ? [instance as Queue] : []));
    return [...new Map(queues.map((queue) => [queue.name, queue])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Queue | null {
    return this.all().find((queue) => queue.name === name) ?? null;
  }
}
