import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { Schedules } from '../../../database/schedules.js';
import { RETENTION_RULES } from './retention-rules.js';

/** Small enough to hold no lock for long. */
const BATCH = 500;
/** A backlog is worked off over several runs: the lock is not held for longer. */
const RUN_AT_MOST_MS = 5_000;

/** Deletes what has been kept long enough, a little at a time. */
@Injectable()
export class RetentionService implements OnModuleInit {
  private readonly logger = new Logger(RetentionService.name);

  constructor(
    private readonly database: Database,
    private readonly schedules: Schedules,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({
      lock: 'retention',
      everyMs: this.config.RETENTION_INTERVAL,
      work: () => this.deleteExpired(),
    });
  }

  async deleteExpired(): Promise<void> {
    const end = performance.now() + RUN_AT_MOST_MS;
    for (const { name, delete: remove, keepMs } of RETENTION_RULES) {
      const keep = keepMs(this.config);
      if (keep === null) continue;
      let deleted = 0;
      for (let rows = BATCH; rows === BATCH && performance.now() < end; deleted += rows) {
        rows = (await this.database.run(remove, [keep, BATCH])).length;
      }
      if (deleted > 0) this.logger.log(`${deleted} deleted: ${name}`);
    }
  }
}
