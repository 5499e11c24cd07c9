import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { SearchService } from '../search/search.service.js';

/** The time that one run may take, whatever is left: replies come first. */
const RUN_MS = 2_000;

/**
 * After an upgrade that changed how search folds words, brings the existing messages under the new rule, some of them
 * in each run.
 */
@Injectable()
export class WordRenewalService implements OnModuleInit {
  private readonly logger = new Logger(WordRenewalService.name);

  constructor(
    private readonly schedules: Schedules,
    private readonly search: SearchService,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({ lock: 'wordRenewal', everyMs: this.config.SWEEP_INTERVAL, work: () => this.renew() });
  }

  private async renew(): Promise<void> {
    const renewed = await this.search.renewOutdatedWords(RUN_MS);
    if (renewed > 0) this.logger.log(`${renewed} messages brought under the current search rule`);
  }
}
