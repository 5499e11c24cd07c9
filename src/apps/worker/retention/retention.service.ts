import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { Schedules } from '../../../database/schedules.js';
import { RETENTION_RULES } from './retention-rules.js';

/** Rows that one statement deletes: few enough to hold their locks for a short time only. */
const BATCH = 500;
/** A backlog is deleted in several runs, so that none holds the lock of the schedule for longer. */
const RUN_AT_MOST_MS = 5_000;

/** Deletes rows that have been kept long enough, in batches. */
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
    for (const { name, delete: deleteRows, keepMs } of RETENTION_RULES) {
      const keep = keepMs(this.config);
      if (keep === null) continue;
      let deleted = 0;
      for (let rows = BATCH; rows === BATCH && performance.now() < end; deleted += rows) {
        rows = (await this.database.run(deleteRows, { keep_ms: keep, count: BATCH })).length;
      }
      if (deleted > 0) this.logger.log(`${deleted} deleted: ${name}`);
    }
  }
}
