import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Job, UnrecoverableError } from 'bullmq';
import { requestContext } from '../../../common/request-context.js';
import { OtpDeliveryError } from '../../../integrations/otp-delivery/index.js';
import { OTP_QUEUE, type OtpJob } from '../otp.queue.js';
import { OtpSenderService } from './otp-sender.service.js';

const WORKER_OPTIONS = {
  autorun: false,
  concurrency: 10,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  maxStalledCount: 100,
  runRetryDelay: 1_000,
} as const;

@Processor(OTP_QUEUE, WORKER_OPTIONS)
export class OtpProcessor extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OtpProcessor.name);

  constructor(private readonly sender: OtpSenderService) {
    super();
  }

  override async process(job: Job<OtpJob, void>): Promise<void> {
    const { challenge_id } = job.data;
    try {
      await requestContext.run({ requestId: job.id ?? job.name }, () => this.sender.send(challenge_id));
    } catch (error) {
      const isPermanent = error instanceof OtpDeliveryError && !error.isRetryable;
      const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      if (isPermanent || isLast) await this.sender.abandon(challenge_id);
      throw isPermanent ? new UnrecoverableError(error.message) : error;
    }
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
  onFailed(job: Job<OtpJob> | undefined, error: Error): void {
    this.logger.error(
      `the code of challenge ${job?.data.challenge_id ?? '?'} was not delivered (attempt ${job?.attemptsMade ?? 0}): ${error.message}`,
    );
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`queue ${OTP_QUEUE}: ${error.message}`);
  }
}
