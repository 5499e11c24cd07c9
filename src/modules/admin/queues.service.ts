import { Injectable } from '@nestjs/common';
import type { Job, JobType, Queue } from 'bullmq';
import { NotFoundError, ServiceUnavailableError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { takeKeyedLock } from '../../database/locks.js';
import { statement } from '../../database/statement.js';
import { Queues } from '../../queue/queues.js';
import type { Administrator } from './administrator.js';
import { type AuditAction, AuditLog, type AuditedState } from './audit-log.js';

/** The engine on PostgreSQL counts the waiting jobs of a paused queue by another name, which the types do not know. */
const PAUSED = 'paused' as JobType;

const FAILED_SHOWN = 20;
/** Of one step of BullMQ's; it takes as many as there are. */
const RETRY_STEP = 500;

export interface QueueState {
  readonly name: string;
  readonly isPaused: boolean;
  readonly counts: { readonly waiting: number; readonly active: number; readonly delayed: number; readonly failed: number };
  readonly oldestWaitingAt: Date | null;
  /** The newest of them. */
  readonly failedJobs: readonly FailedJob[];
}

export interface FailedJob {
  readonly id: string;
  readonly name: string;
  /** Ids only. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly attempts: number;
  readonly error: string;
  readonly createdAt: Date;
  readonly failedAt: Date | null;
}

// Of two who change a queue at once the second finds what the first has left: the engines refuse to do again what is just being done.
const lockQueue = statement<never>('queues_lock', `SELECT ${takeKeyedLock('queue', '$1')}`);

/** The work that waits between the processes. */
@Injectable()
export class QueuesService {
  constructor(
    private readonly queues: Queues,
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /** @throws ServiceUnavailableError */
  listQueues(): Promise<QueueState[]> {
    return reached(() => Promise.all(this.queues.all().map(describe)));
  }

  /** No worker takes a job until the queue is resumed; what is being worked on is finished. @throws NotFoundError, ServiceUnavailableError */
  async pauseQueue(by: Administrator, name: string): Promise<QueueState> {
    return this.change(by, name, 'queue.pause', async (queue) =>
      (await queue.isPaused()) ? null : { before: { paused: false }, after: { paused: true }, act: () => queue.pause() },
    );
  }

  /** @throws NotFoundError, ServiceUnavailableError */
  async resumeQueue(by: Administrator, name: string): Promise<QueueState> {
    return this.change(by, name, 'queue.resume', async (queue) =>
      (await queue.isPaused()) ? { before: { paused: true }, after: { paused: false }, act: () => queue.resume() } : null,
    );
  }

  /** Puts failed jobs back: one, or all. @throws NotFoundError, ServiceUnavailableError */
  async retryJobs(by: Administrator, name: string, jobId: string | undefined): Promise<QueueState> {
    return this.change(by, name, 'queue.retry', async (queue) => {
      if (jobId === undefined) {
        const failed = await queue.getFailedCount();
        const act = () => queue.retryJobs({ state: 'failed', count: RETRY_STEP });
        return failed === 0 ? null : { before: { failed }, after: { failed: 0 }, act };
      }
      // Not by its hash: on Redis the engine keeps other things under names like those of jobs.
      const jobState = await queue.getJobState(jobId);
      if (jobState === 'unknown') throw new NotFoundError();
      const job = jobState === 'failed' ? ((await queue.getJob(jobId)) as Job | undefined) : undefined;
      if (!job) return null;
      return { before: { job_id: jobId, state: 'failed' }, after: { job_id: jobId, state: 'waiting' }, act: () => job.retry('failed') };
    });
  }

  /** @param plan null when there is nothing to change */
  private async change(
    by: Administrator,
    name: string,
    action: AuditAction,
    plan: (queue: Queue) => Promise<{ before: AuditedState; after: AuditedState; act: () => Promise<unknown> } | null>,
  ): Promise<QueueState> {
    const queue = this.queues.find(name);
    if (!queue) throw new NotFoundError();
    await this.database.transaction(async (transaction) => {
      await transaction.run(lockQueue, [name]);
      const change = await reached(() => plan(queue));
      if (!change) return;
      const { before, after, act } = change;
      // The engine has no part in the transaction: what could not be noted is not done, and what could not be done is not noted.
      await this.audit.record(transaction, by, [{ action, targetId: name, before, after }]);
      await reached(act);
    });
    return reached(() => describe(queue));
  }
}

async function describe(queue: Queue): Promise<QueueState> {
  const [counts, isPaused, waiting, failed] = await Promise.all([
    queue.getJobCounts('waiting', PAUSED, 'prioritized', 'active', 'delayed', 'failed'),
    queue.isPaused(),
    queue.getJobs(['waiting', 'prioritized'], 0, 0, true) as Promise<Job[]>,
    queue.getJobs(['failed'], 0, FAILED_SHOWN - 1) as Promise<Job[]>,
  ]);
  const oldest = Math.min(...waiting.map(({ timestamp }) => timestamp));
  return {
    name: queue.name,
    isPaused,
    counts: {
      waiting: (counts['waiting'] ?? 0) + (counts[PAUSED] ?? 0) + (counts['prioritized'] ?? 0),
      active: counts['active'] ?? 0,
      delayed: counts['delayed'] ?? 0,
      failed: counts['failed'] ?? 0,
    },
    oldestWaitingAt: Number.isFinite(oldest) ? new Date(oldest) : null,
    failedJobs: failed.map(toFailedJob),
  };
}

const toFailedJob = ({ id, name, data, attemptsMade, failedReason, timestamp, finishedOn }: Job): FailedJob => ({
  id: id ?? '',
  name,
  data: data as Readonly<Record<string, unknown>>,
  attempts: attemptsMade,
  error: failedReason.slice(0, 500),
  createdAt: new Date(timestamp),
  failedAt: finishedOn === undefined ? null : new Date(finishedOn),
});

/** What an engine that is away throws is its own; clients are told what any part that is away is told as. */
async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotFoundError) throw error;
    throw new ServiceUnavailableError({ cause: error });
  }
}
