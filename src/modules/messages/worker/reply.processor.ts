import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import { requestContext } from '../../../common/request-context.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { REPLY_QUEUE, type ReplyJob } from '../reply.queue.js';
import { LeasesService } from './leases.service.js';
import { ReplyWriterService } from './reply-writer.service.js';

const WORKER_OPTIONS = {
  autorun: false,
  // A dead worker's job runs again within about 15 s. Another worker claims the reply itself when its lease ends.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // REPLY_MAX_ATTEMPTS caps the attempts. With the default of 1, repeated kills lose jobs that have not run.
  maxStalledCount: 100,
  runRetryDelay: 1_000,
} as const;

@Processor(REPLY_QUEUE, WORKER_OPTIONS)
export class ReplyProcessor extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReplyProcessor.name);

  constructor(
    private readonly writer: ReplyWriterService,
    private readonly leases: LeasesService,
    @InjectConfig() private readonly config: Config,
  ) {
    super();
  }

  override async process(job: Job<ReplyJob, void>): Promise<void> {
    await requestContext.run({ requestId: job.id ?? job.name }, () => this.writer.work(job.data.reply_id));
  }

  /** Consuming begins when the process has started. */
  onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.WORKER_CONCURRENCY;
    this.worker.run().catch((error: unknown) => {
      this.logger.error(error);
    });
  }

  /** Takes no more jobs, gives those in work DRAIN_SECONDS to finish, and releases the rest. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadline = setTimeout(() => {
      this.leases.stop();
    }, this.config.DRAIN_SECONDS * 1_000);
    await this.worker.close();
    clearTimeout(deadline);
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<ReplyJob> | undefined, error: Error): void {
    this.logger.error(`job ${job?.id ?? '?'} failed (attempt ${job?.attemptsMade ?? 0}): ${error.stack ?? error.message}`);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`queue ${REPLY_QUEUE}: ${error.message}`);
  }
}
