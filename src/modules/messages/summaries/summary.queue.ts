import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

export const SUMMARY_QUEUE = 'digests';

/** What is to be made of a conversation up to a message. */
export interface SummaryTask {
  readonly messageId: string;
  readonly kind: 'title' | 'summary';
}

export interface SummaryJob {
  readonly message_id: string;
  readonly kind: SummaryTask['kind'];
}

/** A job is only a nudge, as those of replies are: the row says what is to be done, and the sweeper makes the job that got lost. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const satisfies JobsOptions;

@Injectable()
export class SummaryQueue {
  constructor(@InjectQueue(SUMMARY_QUEUE) private readonly queue: Queue<SummaryJob, void>) {}

  /** @param attempt how often it was begun: an add under the id of a job that still runs is dropped */
  async add({ messageId, kind }: SummaryTask, attempt = 0): Promise<void> {
    await this.queue.add(kind, { message_id: messageId, kind }, { ...JOB_OPTIONS, jobId: `${messageId}-${kind}-${attempt}` });
  }
}
