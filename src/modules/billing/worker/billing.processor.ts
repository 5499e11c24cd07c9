import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import { requestContext } from '../../../common/request-context.js';
import { BILLING_QUEUE, type BillingJob } from '../billing.queue.js';
import { SubscriptionSyncService } from '../subscription-sync.service.js';
import { CustomerClosuresService } from './customer-closures.service.js';
import { EventProcessingService } from './event-processing.service.js';
import { ReconciliationService } from './reconciliation.service.js';

const WORKER_OPTIONS = {
  autorun: false,
  concurrency: 5,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  maxStalledCount: 100,
  runRetryDelay: 1_000,
} as const;

@Processor(BILLING_QUEUE, WORKER_OPTIONS)
export class BillingProcessor extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(BillingProcessor.name);

  constructor(
    private readonly events: EventProcessingService,
    private readonly syncs: SubscriptionSyncService,
    private readonly closures: CustomerClosuresService,
    private readonly reconciliation: ReconciliationService,
  ) {
    super();
  }

  override async process({ id, name, data }: Job<BillingJob, void>): Promise<void> {
    await requestContext.run({ requestId: id ?? name }, () => this.perform(data));
  }

  onApplicationBootstrap(): void {
    this.worker.run().catch((error: unknown) => {
      this.logger.error(error);
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.close();
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<BillingJob> | undefined, error: Error): void {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    this.logger.warn(`billing job ${job?.id ?? '?'} failed and is retried later: ${error.message}${cause}`);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`queue ${BILLING_QUEUE}: ${error.message}`);
  }

  private perform(job: BillingJob): Promise<void> {
    switch (job.kind) {
      case 'event':
        return this.events.processEvent(job.event_id);
      case 'check':
        return this.syncs.sync(job.user_id);
      case 'close':
        return this.closures.closeCustomer(job.stripe_customer_id);
      case 'reconcile':
        return this.reconciliation.reconcile();
    }
  }
}
