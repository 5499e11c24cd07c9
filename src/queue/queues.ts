import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Queue } from 'bullmq';

/** Every queue that the modules of this process have registered. */
@Injectable()
export class Queues implements OnModuleInit {
  constructor(private readonly discovery: DiscoveryService) {}

  /** The connection logs an outage once. Without a listener, BullMQ would print every failed attempt to connect too. */
  onModuleInit(): void {
    for (const queue of this.all()) queue.on('error', () => undefined);
  }

  /** The queues, sorted by name. */
  all(): Queue[] {
    const queues = this.discovery.getProviders().flatMap(({ instance }): Queue[] => (instance instanceof Queue ? [instance as Queue] : []));
    return [...new Map(queues.map((queue) => [queue.name, queue])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Queue | null {
    return this.all().find((queue) => queue.name === name) ?? null;
  }
}
