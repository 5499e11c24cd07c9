import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
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
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.running.then(() => this.sweep());
    }, this.config.SWEEP_INTERVAL);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.running;
  }

  private async sweep(): Promise<void> {
    try {
      await this.database.exclusively(LOCK, async () => {
        const orphans = await this.replies.orphans(this.config.SWEEP_INTERVAL, BATCH);
        // Under an id that stays the same while the reply does, so that a long queue does not grow with every sweep.
        await Promise.all(orphans.map(({ replyId, attempt }) => this.queue.add(replyId, 'sweep', attempt)));
        if (orphans.length > 0) this.logger.log(`${orphans.length} replies swept up`);
      });
    } catch (error) {
      // The next sweep is soon.
      this.logger.warn(`the sweep failed: ${String(error)}`);
    }
  }
}
