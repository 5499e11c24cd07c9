import { Injectable } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { NotFoundError, ServiceUnavailableError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { takeKeyedLock } from '../../database/locks.js';
import { statement } from '../../database/statement.js';
import { type QueueState, Queues, stateOf } from '../../queue/queues.js';
import type { Administrator } from './administrator.js';
import { type AuditAction, type AuditedState, AuditLogService } from './audit-log.service.js';

const FAILED_SHOWN = 20;
/** Jobs that BullMQ retries in one step; it takes as many steps as needed. */
const RETRY_STEP = 500;

export interface DescribedQueue extends QueueState {
  readonly name: string;
  /** The newest failed jobs. */
  readonly failedJobs: readonly FailedJob[];
}

export interface QueueInput {
  readonly name: string;
}

export interface RetryJobsInput extends QueueInput {
  readonly jobId?: string | undefined;
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

// Serialises changes of one queue: BullMQ refuses to repeat an action that is in progress.
const lockQueue = statement({
  name: 'queues_lock',
  parameters: { name: 'text' },
  columns: { locked: 'text' },
  text: `SELECT ${takeKeyedLock('queue', ':name')}::text AS locked`,
});

/** Shows the job queues, pauses and resumes them, and retries failed jobs. */
@Injectable()
export class AdminQueuesService {
  constructor(
    private readonly queues: Queues,
    private readonly database: Database,
    private readonly auditLog: AuditLogService,
  ) {}

  /** @throws ServiceUnavailableError */
  listQueues(): Promise<DescribedQueue[]> {
    return reached(() => Promise.all(this.queues.all().map(describe)));
  }

  /**
   * Stops all workers from starting jobs of the queue. Active jobs are finished.
   *
   * @throws NotFoundError, ServiceUnavailableError
   */
  async pauseQueue(by: Administrator, { name }: QueueInput): Promise<DescribedQueue> {
    return this.change(by, name, 'queue.pause', async (queue) =>
      (await queue.isPaused()) ? null : { before: { paused: false }, after: { paused: true }, act: () => queue.pause() },
    );
  }

  /** @throws NotFoundError, ServiceUnavailableError */
  async resumeQueue(by: Administrator, { name }: QueueInput): Promise<DescribedQueue> {
    return this.change(by, name, 'queue.resume', async (queue) =>
      (await queue.isPaused()) ? { before: { paused: true }, after: { paused: false }, act: () => queue.resume() } : null,
    );
  }

  /** Retries one failed job, or all without `jobId`. @throws NotFoundError, ServiceUnavailableError */
  async retryJobs(by: Administrator, { name, jobId }: RetryJobsInput): Promise<DescribedQueue> {
    return this.change(by, name, 'queue.retry', async (queue) => {
      if (jobId === undefined) {
        const failed = await queue.getFailedCount();
        const act = () => queue.retryJobs({ state: 'failed', count: RETRY_STEP });
        return failed === 0 ? null : { before: { failed }, after: { failed: 0 }, act };
      }
      // The state is asked for first: on Redis BullMQ keeps other things under keys like those of jobs.
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
  ): Promise<DescribedQueue> {
    const queue = this.queues.find(name);
    if (!queue) throw new NotFoundError();
    await this.database.transaction(async (transaction) => {
      await transaction.run(lockQueue, { name });
      const change = await reached(() => plan(queue));
      if (!change) return;
      const { before, after, act } = change;
      // BullMQ takes no part in the transaction. The action runs only when its entry was written, and the entry is
      // committed only when the action succeeded.
      await this.auditLog.recordChanges(by, [{ action, targetId: name, before, after }], transaction);
      await reached(act);
    });
    return reached(() => describe(queue));
  }
}

async function describe(queue: Queue): Promise<DescribedQueue> {
  const [state, failed] = await Promise.all([stateOf(queue), queue.getJobs(['failed'], 0, FAILED_SHOWN - 1) as Promise<Job[]>]);
  return { name: queue.name, ...state, failedJobs: failed.map(toFailedJob) };
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

/** Replaces the errors of a queue that cannot be reached by the one that clients get for any missing service. */
async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotFoundError) throw error;
    throw new ServiceUnavailableError({ cause: error });
  }
}
