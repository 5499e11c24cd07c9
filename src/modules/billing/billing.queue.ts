import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { JobsOptions, Queue } from 'bullmq';

export const BILLING_QUEUE = 'billing';

/** A task for a worker. The sweep adds each one again if its job is lost. */
export type BillingJob =
  | { readonly kind: 'event'; readonly event_id: string }
  | { readonly kind: 'check'; readonly user_id: string }
  | { readonly kind: 'update'; readonly user_id: string }
  | { readonly kind: 'close'; readonly stripe_customer_id: string }
  | { readonly kind: 'refund'; readonly refund_id: string }
  | { readonly kind: 'reconcile' };

/** A job has one attempt. The time of the next one is stored in the database, which outlives the queue. */
const JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const satisfies JobsOptions;

@Injectable()
export class BillingQueue {
  private readonly logger = new Logger(BillingQueue.name);

  constructor(@InjectQueue(BILLING_QUEUE) private readonly queue: Queue<BillingJob, void>) {}

  /**
   * Never fails: the sweep adds the jobs that the queue did not take. Jobs have no ids of ours, because BullMQ silently
   * drops a job whose id is that of a job that a dead worker still holds.
   */
  async add(job: BillingJob): Promise<void> {
    try {
      await this.queue.add(job.kind, job, JOB_OPTIONS);
    } catch (error) {
      this.logger.warn(`a billing job was left to the sweep: ${String(error)}`);
    }
  }
}
