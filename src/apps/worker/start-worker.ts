import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { openLog } from '../../common/logging/open-log.js';
import type { Config } from '../../config/env.js';
import { processLog } from '../process-log.js';
import { startTracing } from '../start-tracing.js';
import { waitForDependencies } from '../wait-for-dependencies.js';
import { warnOfSettings } from '../warn-of-settings.js';
import { WorkerModule } from './worker.module.js';

/** Starts the worker, and resolves when it consumes jobs. */
export async function startWorker(config: Config): Promise<INestApplicationContext> {
  const logger = await openLog({ level: config.LOG_LEVEL });
  Logger.overrideLogger(logger);
  processLog.crashes();
  await startTracing(config, 'worker');
  warnOfSettings(config, logger);
  await waitForDependencies(config);
  const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(config), {
    logger,
    abortOnError: false,
  });
  processLog.ready('worker');
  return app;
}
