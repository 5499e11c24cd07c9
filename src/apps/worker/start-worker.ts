import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppLogger } from '../../common/logging/app-logger.js';
import type { Config } from '../../config/env.js';
import { WorkerModule } from './worker.module.js';

/** The worker, consuming. */
export async function startWorker(config: Config): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(WorkerModule.forRoot(config), {
    logger: new AppLogger({ threshold: config.LOG_LEVEL, json: config.NODE_ENV === 'production' }),
    abortOnError: false,
  });
}
