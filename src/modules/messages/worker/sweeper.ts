import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { SummaryQueue } from '../summaries/summary.queue.js';
import { SummariesRepository } from '../summaries/summaries.repository.js';
import { RepliesRepository } from '../replies.repository.js';
import { ReplyQueue } from '../reply.queue.js';

const BATCH = 1_000;

/** Makes the jobs that got lost: with the queue, with a worker, or between a commit and its job. */
@Injectable()
export class Sweeper implements OnModuleInit {
  private readonly logger = new Logger(Sweeper.name);

  constructor(
    private readonly schedules: Schedules,
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    private readonly digests: SummariesRepository,
    private readonly digestQueue: SummaryQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({
      lock: 'replySweep',
      everyMs: this.config.SWEEP_INTERVAL,
      work: () => this.sweep(),
    });
  }

  private async sweep(): Promise<void> {
    const orphans = await this.replies.orphans(this.config.SWEEP_INTERVAL, BATCH);
    // Under an id that stays the same while the reply does, so that a long queue does not grow with every sweep.
    await Promise.all(orphans.map((reply) => this.queue.add(reply, 'sweep', reply.attempt)));
    const digests = await this.digests.due(this.config.SWEEP_INTERVAL, BATCH);
    await Promise.all(digests.map((digest) => this.digestQueue.add(digest, digest.attempt)));
    if (orphans.length > 0) this.logger.log(`${orphans.length} replies swept up`);
  }
}
