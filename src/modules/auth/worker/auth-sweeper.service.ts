import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { OtpQueue } from '../otp.queue.js';
import { OtpRepository } from '../otp.repository.js';

const OVERDUE_AFTER_SECONDS = 10;
const BATCH = 1_000;

/** Adds the delivery jobs that were lost. */
@Injectable()
export class AuthSweeperService implements OnModuleInit {
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
        const overdue = await this.challenges.findOverdue({ afterSeconds: OVERDUE_AFTER_SECONDS, limit: BATCH });
        await Promise.all(overdue.map((id) => this.queue.add(id)));
      },
    });
  }
}
