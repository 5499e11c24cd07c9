import type { WorkerOptions } from 'bullmq';

/** The part of BullMQ's options that differs from queue to queue. */
type QueueWorkerOptions = Required<Pick<WorkerOptions, 'concurrency' | 'lockDuration' | 'stalledInterval'>>;

/**
 * Every queue of the product, by name, with the options of its worker. A worker process does not start when one of them
 * has no processor, or when a module registers a queue that is not listed here. Durations are in milliseconds.
 *
 * A job whose worker has died runs again after `lockDuration` and at most one `stalledInterval`.
 */
export const QUEUE_WORKERS = {
  // WORKER_CONCURRENCY replaces the concurrency when the worker starts. The reply itself is taken over when its lease
  // ends.
  replies: { concurrency: 100, lockDuration: 10_000, stalledInterval: 5_000 },
  digests: { concurrency: 20, lockDuration: 30_000, stalledInterval: 15_000 },
  'one-time-codes': { concurrency: 10, lockDuration: 30_000, stalledInterval: 10_000 },
  billing: { concurrency: 5, lockDuration: 30_000, stalledInterval: 10_000 },
} as const satisfies Record<string, QueueWorkerOptions>;

export type QueueName = keyof typeof QUEUE_WORKERS;

export const workerOptionsOf = (queue: QueueName) => ({
  ...QUEUE_WORKERS[queue],
  // QueueProcessor starts the worker when the whole process has started.
  autorun: false,
  // Handlers count their own attempts. With the default of 1, a job whose worker is killed repeatedly would be lost
  // unrun.
  maxStalledCount: 100,
  runRetryDelay: 1_000,
});
