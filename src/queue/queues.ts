import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type Job, type JobType, Queue } from 'bullmq';
import { Metrics, samplesBy } from '../common/metrics/metrics.js';

/** BullMQ's state of waiting jobs in a paused queue on PostgreSQL; its types do not have it. */
const PAUSED = 'paused' as JobType;

export interface QueueState {
  readonly isPaused: boolean;
  readonly counts: { readonly waiting: number; readonly active: number; readonly delayed: number; readonly failed: number };
  /** The time since which the job that is next could have been started; null without one. */
  readonly oldestWaitingAt: Date | null;
}

/** Every queue that the modules of this process have registered. */
@Injectable()
export class Queues implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly metrics: Metrics,
  ) {}

  /** The connection logs an outage once. Without a listener, BullMQ would print every failed attempt to connect too. */
  onModuleInit(): void {
    const queues = this.all();
    for (const queue of queues) queue.on('error', () => undefined);
    this.metrics.observeService(
      {
        service_queue_jobs: { help: 'Jobs of a queue, by state.', labels: ['queue', 'state'] },
        service_queue_oldest_job_age_seconds: { help: 'Time that the next job of a queue has waited; 0 without one.', labels: ['queue'] },
        service_queue_paused: { help: 'Whether an administrator has paused a queue.', labels: ['queue'] },
      },
      async () => {
        const states = await Promise.all(queues.map(async (queue) => ({ queue: queue.name, ...(await stateOf(queue)) })));
        const by = (value: (state: (typeof states)[number]) => number) =>
          samplesBy('queue', Object.fromEntries(states.map((state) => [state.queue, value(state)])));
        return {
          service_queue_jobs: states.flatMap(({ queue, counts }) =>
            Object.entries(counts).map(([state, value]) => ({ labels: { queue, state }, value })),
          ),
          service_queue_oldest_job_age_seconds: by(({ oldestWaitingAt }) =>
            oldestWaitingAt === null ? 0 : Math.max(0, Date.now() - oldestWaitingAt.getTime()) / 1_000,
          ),
          service_queue_paused: by(({ isPaused }) => Number(isPaused)),
        };
      },
    );
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

export async function stateOf(queue: Queue): Promise<QueueState> {
  const [counts, isPaused, waiting] = await Promise.all([
    queue.getJobCounts('waiting', PAUSED, 'prioritized', 'active', 'delayed', 'failed'),
    queue.isPaused(),
    queue.getJobs(['waiting', 'prioritized'], 0, 0, true) as Promise<Job[]>,
  ]);
  const oldest = Math.min(...waiting.map(({ timestamp, opts }) => timestamp + (opts.delay ?? 0)));
  return {
    isPaused,
    counts: {
      waiting: (counts['waiting'] ?? 0) + (counts[PAUSED] ?? 0) + (counts['prioritized'] ?? 0),
      active: counts['active'] ?? 0,
      delayed: counts['delayed'] ?? 0,
      failed: counts['failed'] ?? 0,
    },
    oldestWaitingAt: Number.isFinite(oldest) ? new Date(oldest) : null,
  };
}
