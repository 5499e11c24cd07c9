import type { Job } from 'bullmq';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { BILLING_QUEUE, type BillingJob } from '../billing.queue.js';
import { SubscriptionSync } from '../subscription-sync.js';
import { CustomerCloser } from './customer-closer.js';
import { EventHandler } from './event-handler.js';
import { Reconciliation } from './reconciliation.js';

@ProcessesQueue(BILLING_QUEUE)
export class BillingProcessor extends QueueProcessor<BillingJob> {
  constructor(
    private readonly events: EventHandler,
    private readonly sync: SubscriptionSync,
    private readonly closer: CustomerCloser,
    private readonly reconciliation: Reconciliation,
  ) {
    super();
  }

  protected override handle({ data: job }: Job<BillingJob, void>): Promise<void> {
    switch (job.kind) {
      case 'event':
        return this.events.handle(job.event_id);
      case 'check':
        return this.sync.sync(job.user_id);
      case 'close':
        return this.closer.close(job.stripe_customer_id);
      case 'reconcile':
        return this.reconciliation.run();
    }
  }

  protected override logFailure(job: Job<BillingJob, void> | undefined, error: Error): void {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    this.logger.warn(`billing job ${job?.id ?? '?'} failed, and is tried again later: ${error.message}${cause}`);
  }
}
