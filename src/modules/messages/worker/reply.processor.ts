import type { Job } from 'bullmq';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { ProcessesQueue, QueueProcessor } from '../../../queue/queue-processor.js';
import { REPLY_QUEUE, type ReplyJob } from '../reply.queue.js';
import { Leases } from './leases.js';
import { ReplyWriter } from './reply-writer.js';

@ProcessesQueue(REPLY_QUEUE)
export class ReplyProcessor extends QueueProcessor<ReplyJob> {
  constructor(
    private readonly writer: ReplyWriter,
    private readonly leases: Leases,
    @InjectConfig() private readonly config: Config,
  ) {
    super();
  }

  protected override async handle({ data }: Job<ReplyJob, void>): Promise<void> {
    await this.writer.work(data.reply_id);
  }

  override onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.WORKER_CONCURRENCY;
    super.onApplicationBootstrap();
  }

  /** Takes no more jobs, gives those in work DRAIN_SECONDS to finish, and hands the rest back. */
  override async beforeApplicationShutdown(): Promise<void> {
    const deadline = setTimeout(() => {
      this.leases.stop();
    }, this.config.DRAIN_SECONDS * 1_000);
    await super.beforeApplicationShutdown();
    clearTimeout(deadline);
  }
}
