import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

export const REPLY_QUEUE = 'replies';

/** Only the id: the handler reads the state that holds when it runs. */
export interface ReplyJob {
  readonly reply_id: string;
}

/** What a job was added for; with a number, the tail of its id. */
export type ReplyJobCause = 'accepted' | 'next' | 'retry' | 'wait' | 'sweep';

/**
 * A job is only a nudge: claims decide who works on a reply, and the sweeper makes the job that got lost. So nothing is kept of finished jobs,
 * and an id differs by cause and number, because an add under the id of a job that still runs is dropped.
 */
const JOB_OPTIONS = {
  // Of the handler itself, when the database or the queue fails under it; the tries of an answer are counted on the reply.
  attempts: 3,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: true,
  removeOnFail: { age: 86_400, count: 1_000 },
} as const satisfies JobsOptions;

/** The next sweep adds it again, under the same id: one that is kept would be in its way. */
const UNKEPT = { removeOnFail: true } as const satisfies JobsOptions;

@Injectable()
export class ReplyQueue {
  constructor(@InjectQueue(REPLY_QUEUE) private readonly queue: Queue<ReplyJob, void>) {
    // Outages are told once, by the connection; without a listener BullMQ prints each error.
    queue.on('error', () => undefined);
  }

  async add(replyId: string, cause: ReplyJobCause, n = 0, delayMs = 0): Promise<void> {
    await this.queue.add(
      'reply',
      { reply_id: replyId },
      { ...JOB_OPTIONS, ...(cause === 'sweep' ? UNKEPT : {}), jobId: `${replyId}-${cause}-${n}`, delay: delayMs },
    );
  }

  /** Of all processes, by state. */
  countJobs(): Promise<Record<string, number>> {
    return this.queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  }
}
