import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppLogger } from '../../common/logging/app-logger.js';
import type { Config } from '../../config/env.js';
import { waitForDependencies } from '../wait-for-dependencies.js';
import { warnOfSettings } from '../warn-of-settings.js';
import { ApiModule } from './api.module.js';
import { configureApi } from './configure-api.js';
import { createHttpAdapter } from './http-server.js';

/** Starts the API, and resolves when it listens. */
export async function startApi(config: Config): Promise<NestFastifyApplication> {
  const logger = new AppLogger({ threshold: config.LOG_LEVEL, json: config.NODE_ENV === 'production' });
  Logger.overrideLogger(logger);
  warnOfSettings(config, logger);
  await waitForDependencies(config);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), createHttpAdapter(config), {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  configureApi(app);
  await app.listen(config.PORT, config.HOST);
  logger.log(`Listening on ${await app.getUrl()}`, 'Start');
  return app;
}
