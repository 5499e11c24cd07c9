import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { Schedule } from '../../../database/schedule.js';
import { DigestQueue } from '../digests/digest.queue.js';
import { DigestsRepository } from '../digests/digests.repository.js';
import { RepliesRepository } from '../replies.repository.js';
import { ReplyQueue } from '../reply.queue.js';

const LOCK = 7_164_201_954;
const BATCH = 1_000;

/**
 * Makes the jobs that got lost: with the queue, with a worker, or between a commit and its job. A timer rather than a job scheduler of the
 * queue, which would be lost with it.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Sweeper.name);
  private schedule: Schedule | null = null;

  constructor(
    private readonly database: Database,
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    private readonly digests: DigestsRepository,
    private readonly digestQueue: DigestQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule = new Schedule(this.database, {
      name: 'the sweep',
      lock: LOCK,
      everyMs: this.config.SWEEP_INTERVAL,
      work: () => this.sweep(),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.schedule?.stop();
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
