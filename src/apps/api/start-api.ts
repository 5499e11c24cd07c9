import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openLog } from '../../common/logging/open-log.js';
import type { Config } from '../../config/env.js';
import { processLog } from '../process-log.js';
import { startTracing } from '../start-tracing.js';
import { waitForDependencies } from '../wait-for-dependencies.js';
import { warnOfSettings } from '../warn-of-settings.js';
import { ApiModule } from './api.module.js';
import { configureApi } from './configure-api.js';
import { createHttpAdapter } from './http-server.js';

/** Starts the API, and resolves when it listens. */
export async function startApi(config: Config): Promise<NestFastifyApplication> {
  const logger = await openLog({ level: config.LOG_LEVEL });
  Logger.overrideLogger(logger);
  processLog.crashes();
  await startTracing(config, 'api');
  warnOfSettings(config, logger);
  await waitForDependencies(config);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), createHttpAdapter(config), {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  configureApi(app);
  await app.listen(config.PORT, config.HOST);
  processLog.ready('api', { url: await app.getUrl() });
  return app;
}
