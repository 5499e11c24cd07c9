import { type Job, UnrecoverableError } from 'bullmq';
import { OtpDeliveryError } from '../../../integrations/otp-delivery/index.js';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { OTP_QUEUE, type OtpJob } from '../otp.queue.js';
import { OtpSenderService } from './otp-sender.service.js';

@ProcessesQueue(OTP_QUEUE)
export class OtpProcessor extends QueueProcessor<OtpJob> {
  constructor(private readonly sender: OtpSenderService) {
    super();
  }

  protected override async handle(job: Job<OtpJob, void>): Promise<void> {
    const { challenge_id } = job.data;
    try {
      await this.sender.send(challenge_id);
    } catch (error) {
      const isPermanent = error instanceof OtpDeliveryError && !error.isRetryable;
      const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      if (isPermanent || isLast) await this.sender.abandon(challenge_id);
      throw isPermanent ? Object.assign(new UnrecoverableError(error.message), { cause: error }) : error;
    }
  }

  protected override logFailure(job: Job<OtpJob, void> | undefined, error: Error): void {
    const delivery = [error, error.cause].find((one) => one instanceof OtpDeliveryError);
    const line = { challenge_id: job?.data.challenge_id ?? null, attempt: job?.attemptsMade ?? 0, ...delivery?.answer };
    this.logger.error(`a code was not delivered: ${error.message}`, line);
  }
}
