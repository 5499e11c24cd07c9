import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

export const BILLING_QUEUE = 'billing';

/** What a worker has to do; each is found again by the sweep if its job is lost. */
export type BillingJob =
  | { readonly kind: 'event'; readonly event_id: string }
  | { readonly kind: 'check'; readonly user_id: string }
  | { readonly kind: 'close'; readonly stripe_customer_id: string }
  | { readonly kind: 'reconcile' };

/** One try a job: when the next is due is kept in the database, where it outlives the queue. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const satisfies JobsOptions;

@Injectable()
export class BillingQueue {
  private readonly logger = new Logger(BillingQueue.name);

  constructor(@InjectQueue(BILLING_QUEUE) private readonly queue: Queue<BillingJob, void>) {}

  /**
   * Never fails: what the queue did not take is left to the sweep. Jobs have no ids of ours: under the id of a job that a dead worker still holds,
   * another one would be dropped without a word.
   */
  async add(job: BillingJob): Promise<void> {
    try {
      await this.queue.add(job.kind, job, JOB_OPTIONS);
    } catch (error) {
      this.logger.warn(`a job was left to the sweep: ${String(error)}`);
    }
  }
}
