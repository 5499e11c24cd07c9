import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

export const OTP_QUEUE = 'one-time-codes';

/** The queue holds neither the code nor the number. */
export interface OtpJob {
  readonly challenge_id: string;
}

/** Attempts at 0, 2, 6, 14, 30, 62 and 126 s, within the lifetime of a code. */
const JOB_OPTIONS = {
  attempts: 7,
  backoff: { type: 'exponential', delay: 2_000 },
  removeOnComplete: true,
  removeOnFail: true,
} as const satisfies JobsOptions;

@Injectable()
export class OtpQueue {
  private readonly logger = new Logger(OtpQueue.name);

  constructor(@InjectQueue(OTP_QUEUE) private readonly queue: Queue<OtpJob, void>) {}

  /**
   * Never fails. The stored challenge is the outbox of its job, and the sweep adds the jobs that the queue did not
   * accept.
   */
  async add(challengeId: string): Promise<void> {
    try {
      await this.queue.add('deliver', { challenge_id: challengeId }, { ...JOB_OPTIONS, jobId: challengeId });
    } catch (error) {
      this.logger.warn(`the job of a code was left to the sweep: ${String(error)}`);
    }
  }
}
