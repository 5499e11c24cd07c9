import type { Job } from 'bullmq';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { REPLY_QUEUE, type ReplyJob } from '../reply.queue.js';
import { LeasesService } from './leases.service.js';
import { ReplyWriterService } from './reply-writer.service.js';

@ProcessesQueue(REPLY_QUEUE)
export class ReplyProcessor extends QueueProcessor<ReplyJob> {
  constructor(
    private readonly writer: ReplyWriterService,
    private readonly leases: LeasesService,
    @InjectConfig() private readonly config: Config,
  ) {
    super();
  }

  protected override async handle({ data }: Job<ReplyJob, void>): Promise<void> {
    await this.writer.work(data.reply_id);
  }

  /** Consuming begins when the process has started. */
  override async onApplicationBootstrap(): Promise<void> {
    this.worker.concurrency = this.config.WORKER_CONCURRENCY;
    await super.onApplicationBootstrap();
  }

  /** Takes no more jobs, gives those in work DRAIN_SECONDS to finish, and releases the rest. */
  override async stop(): Promise<void> {
    const deadline = setTimeout(() => {
      this.leases.stop();
    }, this.config.DRAIN_SECONDS * 1_000);
    await super.stop();
    clearTimeout(deadline);
  }
}
