import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

export const OTP_QUEUE = 'one-time-codes';

/** Only the id: neither the code nor the number lies in the queue. */
export interface OtpJob {
  readonly challenge_id: string;
}

/** Tries at 0, 2, 6, 14, 30, 62 and 126 s, within the life of a code. */
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

  /** Never fails: the stored challenge is the outbox of its job, and the sweep finds what the queue did not take. */
  async add(challengeId: string): Promise<void> {
    try {
      await this.queue.add('deliver', { challenge_id: challengeId }, { ...JOB_OPTIONS, jobId: challengeId });
    } catch (error) {
      this.logger.warn(`a code was left to the sweep: ${String(error)}`);
    }
  }
}
