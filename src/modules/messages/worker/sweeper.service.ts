import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { ClaimsRepository } from '../claims.repository.js';
import { SummaryQueue } from '../summaries/summary.queue.js';
import { SummariesRepository } from '../summaries/summaries.repository.js';
import { ReplyQueue } from '../reply.queue.js';

const BATCH = 1_000;

/** Adds the jobs that got lost: with the queue, with a worker, or between a commit and its job. */
@Injectable()
export class SweeperService implements OnModuleInit {
  private readonly logger = new Logger(SweeperService.name);

  constructor(
    private readonly schedules: Schedules,
    private readonly claims: ClaimsRepository,
    private readonly queue: ReplyQueue,
    private readonly summaries: SummariesRepository,
    private readonly summaryQueue: SummaryQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({ lock: 'replySweep', everyMs: this.config.SWEEP_INTERVAL, work: () => this.sweep() });
  }

  private async sweep(): Promise<void> {
    const orphans = await this.claims.findOrphans(this.config.SWEEP_INTERVAL, BATCH);
    // The id of a job stays the same while its reply does not change, so that a long queue does not grow with every
    // sweep.
    await Promise.all(orphans.map((reply) => this.queue.add(reply, { cause: 'sweep', n: reply.attempt })));
    const tasks = await this.summaries.findDue(this.config.SWEEP_INTERVAL, BATCH);
    await Promise.all(tasks.map((task) => this.summaryQueue.add(task, task.attempt)));
    if (orphans.length > 0) this.logger.log(`jobs added for ${orphans.length} replies without one`);
  }
}
