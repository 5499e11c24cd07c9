import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppLogger } from '../../common/logging/app-logger.js';
import type { Config } from '../../config/env.js';
import { waitForDependencies } from '../wait-for-dependencies.js';
import { warnOfSettings } from '../warn-of-settings.js';
import { WorkerModule } from './worker.module.js';

/** Starts the worker, and resolves when it consumes jobs. */
export async function startWorker(config: Config): Promise<INestApplicationContext> {
  const logger = new AppLogger({ threshold: config.LOG_LEVEL, json: config.NODE_ENV === 'production' });
  Logger.overrideLogger(logger);
  warnOfSettings(config, logger);
  await waitForDependencies(config);
  return NestFactory.createApplicationContext(WorkerModule.forRoot(config), {
    logger,
    abortOnError: false,
  });
}
