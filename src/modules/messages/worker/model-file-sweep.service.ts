import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { GeminiFilesClient } from '../../../integrations/gemini/index.js';
import { ModelFilesRepository } from '../model-files/model-files.repository.js';

const BATCH = 100;
const RUN_AT_MOST_MS = 5_000;

/** Has the vendor delete uploads that nobody needs, and forgets those whose life is over. */
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
    this.schedules.add({ lock: 'modelFileSweep', everyMs: this.config.ATTACHMENT_CHECK_INTERVAL, work: () => this.sweep() });
  }

  private async sweep(): Promise<void> {
    await this.files.deleteExpired();
    const unused = await this.files.findUnused(BATCH);
    const signal = AbortSignal.timeout(RUN_AT_MOST_MS);
    const deleted: string[] = [];
    let failed = 0;
    for (const { name, uri } of unused) {
      try {
        await this.uploads.delete(name, signal);
        deleted.push(uri);
      } catch {
        if (signal.aborted) break;
        failed += 1;
      }
    }
    await this.files.forgetAddresses(deleted);
    if (deleted.length > 0) this.logger.log(`${deleted.length} uploads that nobody needs are deleted at the vendor`);
    if (failed > 0) this.logger.warn(`the vendor has not deleted ${failed} uploads that nobody needs yet`);
  }
}
