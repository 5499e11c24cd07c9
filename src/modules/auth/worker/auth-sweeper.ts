import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Counters } from '../../../database/counters.js';
import { Database } from '../../../database/database.js';
import { OtpQueue } from '../otp.queue.js';
import { OtpRepository } from '../otp.repository.js';
import { SessionsRepository } from '../sessions.repository.js';

const LOCK = 7_164_201_955;
const FORGOTTEN_AFTER_SECONDS = 10;
const BATCH = 1_000;

/** Makes the delivery jobs that got lost, and deletes what is long over: codes after a day, sessions after a week, counters at once. */
@Injectable()
export class AuthSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AuthSweeper.name);
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly challenges: OtpRepository,
    private readonly sessions: SessionsRepository,
    private readonly counters: Counters,
    private readonly queue: OtpQueue,
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
        const forgotten = await this.challenges.findForgotten(FORGOTTEN_AFTER_SECONDS, BATCH);
        await Promise.all(forgotten.map((id) => this.queue.add(id)));
        await this.challenges.deleteOld(BATCH);
        await this.sessions.deleteOld(BATCH);
        await this.counters.deleteExpired(BATCH);
      });
    } catch (error) {
      // The next sweep is soon.
      this.logger.warn(`the sweep failed: ${String(error)}`);
    }
  }
}
