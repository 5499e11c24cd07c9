import { setImmediate } from 'node:timers/promises';
import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';
import type { Plan } from '../../common/actor.js';

export const REPLY_QUEUE = 'replies';

/** Only the id: the handler reads the state that holds when it runs. */
export interface ReplyJob {
  readonly reply_id: string;
}

/** The reason for which a job is added. */
export type ReplyJobCause = 'accepted' | 'next' | 'retry' | 'wait' | 'sweep';

interface ReplyJobOptions {
  readonly cause: ReplyJobCause;
  /** Tells jobs of one cause apart. */
  readonly n?: number;
  readonly delayMs?: number;
}

/**
 * A job is only a nudge: claims decide which worker works on a reply, and the sweeper adds a job that got lost. So
 * nothing is kept of finished jobs, and the id contains cause and number, because an add under the id of a job that
 * still runs is dropped.
 */
const JOB_OPTIONS = {
  // These attempts are for failures of the database or the queue during the handler. The attempts at an answer are
  // counted on the reply.
  attempts: 3,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: true,
  removeOnFail: { age: 86_400, count: 1_000 },
} as const satisfies JobsOptions;

/** The next sweep adds the job again under the same id, so a failed one must not be kept. */
const UNKEPT = { removeOnFail: true } as const satisfies JobsOptions;

/** BullMQ knows priorities from 1 to 2²¹ − 1 and takes the lowest first; 0 would come before all of them. */
const PRIORITIES = 2 ** 21 - 1;
const BASIC_YIELDS_S = 30;

/**
 * The priority of a job is the second in which it is added; Basic jobs are half a minute later. So Pro comes first, and
 * a Basic job never waits for Pro jobs that are added more than half a minute after it. Every 24 days the count begins
 * at 1 again: jobs that are waiting at that moment wait for those after them, until the next sweep adds them again.
 *
 * @param now in milliseconds
 */
export function priorityOf(plan: Plan, now: number): number {
  return 1 + ((Math.floor(now / 1_000) + (plan === 'basic' ? BASIC_YIELDS_S : 0)) % PRIORITIES);
}

@Injectable()
export class ReplyQueue {
  /** The jobs of this turn of the event loop. */
  private readonly jobs: { name: string; data: ReplyJob; opts: JobsOptions }[] = [];
  private adding: Promise<void> | null = null;

  constructor(@InjectQueue(REPLY_QUEUE) private readonly queue: Queue<ReplyJob, void>) {}

  /**
   * The jobs that are added in one turn of the event loop are added by one command.
   *
   * @param reply.plan the plan of the reply's owner
   */
  async add({ replyId, plan }: { replyId: string; plan: Plan }, { cause, n = 0, delayMs = 0 }: ReplyJobOptions): Promise<void> {
    this.jobs.push({
      name: 'reply',
      data: { reply_id: replyId },
      opts: {
        ...JOB_OPTIONS,
        ...(cause === 'sweep' ? UNKEPT : {}),
        jobId: `${replyId}-${cause}-${n}`,
        delay: delayMs,
        priority: priorityOf(plan, Date.now()),
      },
    });
    this.adding ??= this.addAtEndOfTurn();
    await this.adding;
  }

  private async addAtEndOfTurn(): Promise<void> {
    await setImmediate();
    this.adding = null;
    await this.queue.addBulk(this.jobs.splice(0));
  }
}
