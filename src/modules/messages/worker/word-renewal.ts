import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { Schedule } from '../../../database/schedule.js';
import { SearchService } from '../search/search.service.js';

const LOCK = 7_164_201_975;
/** Of each run, whatever is left: replies come first. */
const RUN_MS = 2_000;

/**
 * After an upgrade that changed how search folds words, brings the messages that are there under the new rule, a part
 * in each run.
 */
@Injectable()
export class WordRenewal implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(WordRenewal.name);
  private schedule: Schedule | null = null;

  constructor(
    private readonly database: Database,
    private readonly search: SearchService,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule = new Schedule(this.database, {
      name: 'the renewal of words',
      lock: LOCK,
      everyMs: this.config.SWEEP_INTERVAL,
      work: () => this.renew(),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.schedule?.stop();
  }

  private async renew(): Promise<void> {
    const renewed = await this.search.renewOutdatedWords(RUN_MS);
    if (renewed > 0) this.logger.log(`${renewed} messages made searchable by the present rule`);
  }
}
