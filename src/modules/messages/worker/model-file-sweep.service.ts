import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { GeminiFilesClient } from '../../../integrations/gemini/index.js';
import { ModelFilesRepository } from '../model-files/model-files.repository.js';

const BATCH = 100;
const RUN_AT_MOST_MS = 30_000;

/** Has the vendor delete the uploads of attachments that are deleted, and forgets those whose life is over. */
@Injectable()
export class ModelFileSweepService implements OnModuleInit {
  private readonly logger = new Logger(ModelFileSweepService.name);

  constructor(
    private readonly schedules: Schedules,
    private readonly files: ModelFilesRepository,
    private readonly uploads: GeminiFilesClient,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedules.add({ lock: 'modelFileSweep', everyMs: this.config.SWEEP_INTERVAL, work: () => this.sweep() });
  }

  private async sweep(): Promise<void> {
    await this.files.deleteExpired();
    const unused = await this.files.findUnused(BATCH);
    const signal = AbortSignal.timeout(RUN_AT_MOST_MS);
    for (const { name, uri } of unused) {
      await this.uploads.delete(name, signal);
      await this.files.forgetAddresses([uri]);
    }
    if (unused.length > 0) this.logger.log(`${unused.length} uploads of deleted attachments are deleted at the vendor`);
  }
}
