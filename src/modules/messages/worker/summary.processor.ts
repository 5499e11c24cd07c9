import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import { requestContext } from '../../../common/request-context.js';
import { SUMMARY_QUEUE, type SummaryJob } from '../summaries/summary.queue.js';
import { SummaryWriterService } from './summary-writer.service.js';

const WORKER_OPTIONS = {
  autorun: false,
  concurrency: 20,
  lockDuration: 30_000,
  stalledInterval: 15_000,
  maxStalledCount: 100,
  runRetryDelay: 1_000,
} as const;

@Processor(SUMMARY_QUEUE, WORKER_OPTIONS)
export class SummaryProcessor extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SummaryProcessor.name);

  constructor(private readonly writer: SummaryWriterService) {
    super();
  }

  override async process(job: Job<SummaryJob, void>): Promise<void> {
    const { message_id: messageId, kind } = job.data;
    await requestContext.run({ requestId: job.id ?? job.name }, () => this.writer.work({ messageId, kind }));
  }

  /** Consuming begins when the process has started. */
  onApplicationBootstrap(): void {
    this.worker.run().catch((error: unknown) => {
      this.logger.error(error);
    });
  }

  /** Releases all work at once: nobody waits for it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.writer.stop();
    await this.worker.close();
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<SummaryJob> | undefined, error: Error): void {
    this.logger.error(`job ${job?.id ?? '?'} failed: ${error.stack ?? error.message}`);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`queue ${SUMMARY_QUEUE}: ${error.message}`);
  }
}
