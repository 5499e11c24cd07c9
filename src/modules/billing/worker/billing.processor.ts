import type { Job } from 'bullmq';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { BILLING_QUEUE, type BillingJob } from '../billing.queue.js';
import { RefundsService } from '../refunds.service.js';
import { SubscriptionSyncService } from '../subscription-sync.service.js';
import { CustomerClosuresService } from './customer-closures.service.js';
import { CustomerUpdatesService } from './customer-updates.service.js';
import { EventProcessingService } from './event-processing.service.js';
import { ReconciliationService } from './reconciliation.service.js';

@ProcessesQueue(BILLING_QUEUE)
export class BillingProcessor extends QueueProcessor<BillingJob> {
  constructor(
    private readonly events: EventProcessingService,
    private readonly syncs: SubscriptionSyncService,
    private readonly updates: CustomerUpdatesService,
    private readonly closures: CustomerClosuresService,
    private readonly refunds: RefundsService,
    private readonly reconciliation: ReconciliationService,
  ) {
    super();
  }

  protected override handle({ data: job, timestamp }: Job<BillingJob, void>): Promise<void> {
    switch (job.kind) {
      case 'event':
        return this.events.processEvent(job.event_id);
      case 'check':
        // Something was to change when the job was added. In a backlog one sync run answers all jobs before it.
        return this.syncs.sync(job.user_id, { maxAgeMs: Date.now() - timestamp });
      case 'update':
        return this.updates.updateCustomer(job.user_id);
      case 'close':
        return this.closures.closeCustomer(job.stripe_customer_id);
      case 'refund':
        return this.refunds.attempt(job.refund_id);
      case 'reconcile':
        return this.reconciliation.reconcile();
    }
  }

  protected override logFailure(job: Job<BillingJob, void> | undefined, error: Error): void {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    this.logger.warn(`billing job ${job?.id ?? '?'} failed and is retried later: ${error.message}${cause}`);
  }
}
