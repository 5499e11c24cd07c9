import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { OtpQueue } from '../otp.queue.js';
import { OtpRepository } from '../otp.repository.js';

const FORGOTTEN_AFTER_SECONDS = 10;
const BATCH = 1_000;

/** Makes the delivery jobs that got lost. */
@Injectable()
export class AuthSweeper implements OnModuleInit {
  constructor(
    private readonly schedules: Schedules,
    private readonly challenges: OtpRepository,
    private readonly queue: OtpQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({
      lock: 'codeSweep',
      everyMs: this.config.SWEEP_INTERVAL,
      work: async () => {
        const forgotten = await this.challenges.findForgotten(FORGOTTEN_AFTER_SECONDS, BATCH);
        await Promise.all(forgotten.map((id) => this.queue.add(id)));
      },
    });
  }
}
