import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';
import type { Plan } from '../../common/actor.js';

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

/** BullMQ knows priorities from 1 to 2²¹ − 1 and takes the lowest first; 0 would come before all of them. */
const PRIORITIES = 2 ** 21 - 1;
const BASIC_YIELDS_S = 30;

/**
 * The place of a job is the second in which it is added; Basic jobs stand half a minute further back. So Pro comes first, and Basic never waits for
 * what is added later than that, however much Pro asks. Once in 24 days the count begins anew, and what is waiting then waits for those after
 * it, until the next sweep adds it again.
 *
 * @param now in milliseconds
 */
export function priorityOf(plan: Plan, now: number): number {
  return 1 + ((Math.floor(now / 1_000) + (plan === 'basic' ? BASIC_YIELDS_S : 0)) % PRIORITIES);
}

@Injectable()
export class ReplyQueue {
  constructor(@InjectQueue(REPLY_QUEUE) private readonly queue: Queue<ReplyJob, void>) {}

  /** @param plan of the reply's owner */
  async add({ replyId, plan }: { replyId: string; plan: Plan }, cause: ReplyJobCause, n = 0, delayMs = 0): Promise<void> {
    await this.queue.add(
      'reply',
      { reply_id: replyId },
      {
        ...JOB_OPTIONS,
        ...(cause === 'sweep' ? UNKEPT : {}),
        jobId: `${replyId}-${cause}-${n}`,
        delay: delayMs,
        priority: priorityOf(plan, Date.now()),
      },
    );
  }

  /** Of all processes, by state. */
  async countJobs(): Promise<Record<string, number>> {
    const {
      waiting = 0,
      prioritized = 0,
      ...others
    } = await this.queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed');
    return { waiting: waiting + prioritized, ...others };
  }
}
