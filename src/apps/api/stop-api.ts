import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { ReadinessService } from './health/readiness.service.js';

/** Drains and stops: no new connections, `connection: close` on every answer, and the rest cut off after DRAIN_SECONDS. */
export async function stopApi(app: NestFastifyApplication): Promise<void> {
  const { DRAIN_SECONDS } = app.get<Config>(InjectConfig.TOKEN);
  const server: Server = app.getHttpServer();
  app.get(ReadinessService).startDraining();
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 100);
  const deadline = setTimeout(() => {
    server.closeAllConnections();
  }, DRAIN_SECONDS * 1_000);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
}
