import type { Job } from 'bullmq';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { SUMMARY_QUEUE, type SummaryJob } from '../summaries/summary.queue.js';
import { SummaryWriterService } from './summary-writer.service.js';

@ProcessesQueue(SUMMARY_QUEUE)
export class SummaryProcessor extends QueueProcessor<SummaryJob> {
  constructor(private readonly writer: SummaryWriterService) {
    super();
  }

  protected override async handle({ data: { message_id: messageId, kind } }: Job<SummaryJob, void>): Promise<void> {
    await this.writer.work({ messageId, kind });
  }

  /** Releases all work at once: nobody waits for it. */
  override async stop(): Promise<void> {
    this.writer.stop();
    await super.stop();
  }
}
