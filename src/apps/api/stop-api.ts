import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { processLog } from '../process-log.js';
import { stopTracing } from '../start-tracing.js';
import { stopWithin } from '../stop-within.js';
import { ReadinessService } from '../operations/readiness.service.js';

/**
 * Drains and stops the API. At first only readiness changes, and every answer has `connection: close`, so that clients
 * leave between two requests. Then no new connections are accepted, and idle ones are closed. The connections that are
 * left after DRAIN_SECONDS are cut.
 */
export async function stopApi(app: NestFastifyApplication): Promise<void> {
  const { DRAIN_SECONDS, DRAIN_DELAY_SECONDS } = app.get<Config>(InjectConfig.TOKEN);
  const server: Server = app.getHttpServer();
  processLog.draining('api', DRAIN_SECONDS);
  app.get(ReadinessService, { strict: false }).startDraining();
  await sleep(Math.min(DRAIN_DELAY_SECONDS, DRAIN_SECONDS) * 1_000);
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 100);
  const deadline = setTimeout(() => {
    server.closeAllConnections();
  }, DRAIN_SECONDS * 1_000);
  try {
    await stopWithin(DRAIN_SECONDS, app.close());
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
  await stopTracing();
  processLog.ended('api');
}
