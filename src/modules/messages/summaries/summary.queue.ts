import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

/** The name in the queue's store, which earlier releases use too. */
export const SUMMARY_QUEUE = 'digests';

/** A title or summary to be made of a conversation up to a message. */
export interface SummaryTask {
  readonly messageId: string;
  readonly kind: 'title' | 'summary';
}

export interface SummaryJob {
  readonly message_id: string;
  readonly kind: SummaryTask['kind'];
}

/**
 * A job only starts the work sooner, as with replies: the row says what is to be done, and the sweeper adds a job that
 * was lost.
 */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const satisfies JobsOptions;

@Injectable()
export class SummaryQueue {
  constructor(@InjectQueue(SUMMARY_QUEUE) private readonly queue: Queue<SummaryJob, void>) {}

  /** @param attempt number of attempts so far: BullMQ drops an add under the id of a job that still runs */
  async add({ messageId, kind }: SummaryTask, attempt = 0): Promise<void> {
    await this.queue.add(kind, { message_id: messageId, kind }, { ...JOB_OPTIONS, jobId: `${messageId}-${kind}-${attempt}` });
  }
}
