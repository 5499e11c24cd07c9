import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { Schedule } from '../../../database/schedule.js';
import { OtpQueue } from '../otp.queue.js';
import { OtpRepository } from '../otp.repository.js';

const LOCK = 7_164_201_957;
const FORGOTTEN_AFTER_SECONDS = 10;
const BATCH = 1_000;

/** Makes the delivery jobs that got lost. */
@Injectable()
export class AuthSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private schedule: Schedule | null = null;

  constructor(
    private readonly database: Database,
    private readonly challenges: OtpRepository,
    private readonly queue: OtpQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule = new Schedule(this.database, {
      name: 'codes',
      lock: LOCK,
      everyMs: this.config.SWEEP_INTERVAL,
      work: async () => {
        const forgotten = await this.challenges.findForgotten(FORGOTTEN_AFTER_SECONDS, BATCH);
        await Promise.all(forgotten.map((id) => this.queue.add(id)));
      },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.schedule?.stop();
  }
}
