import type { Job } from 'bullmq';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { DIGEST_QUEUE, type DigestJob } from '../digests/digest.queue.js';
import { DigestWriter } from './digest-writer.js';

@ProcessesQueue(DIGEST_QUEUE)
export class DigestProcessor extends QueueProcessor<DigestJob> {
  constructor(private readonly writer: DigestWriter) {
    super();
  }

  protected override async handle({ data: { message_id: messageId, kind } }: Job<DigestJob, void>): Promise<void> {
    await this.writer.work({ messageId, kind });
  }

  /** What is in work goes back at once: nobody waits for it. */
  override async beforeApplicationShutdown(): Promise<void> {
    this.writer.stop();
    await super.beforeApplicationShutdown();
  }
}
