import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../../common/metrics/metrics.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { NotReadyError } from './not-ready.error.js';
import { ReadinessService } from './readiness.service.js';

/**
 * Serves metrics and health on METRICS_PORT, which is not open to clients of the API. It is the only port of a worker.
 * It does not start where METRICS_PORT is unset.
 */
@Injectable()
export class OperationsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(OperationsServer.name);
  private server: Server | null = null;

  constructor(
    private readonly metrics: Metrics,
    private readonly readiness: ReadinessService,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { METRICS_PORT, HOST } = this.config;
    if (METRICS_PORT === undefined) return;
    this.server = createServer({ requestTimeout: 10_000 }, (request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        this.logger.error(error);
        response.writeHead(500).end();
      });
    }).listen(METRICS_PORT, HOST);
    await once(this.server, 'listening');
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (url ?? '').split('?', 1)[0];
    if (method !== 'GET') response.writeHead(405, { allow: 'GET' }).end();
    else if (path === '/metrics') response.writeHead(200, { 'content-type': this.metrics.contentType }).end(await this.metrics.text());
    else if (path === '/health/live') sendJson(response, 200, { status: 'ok' });
    else if (path === '/health/ready') await this.answerReady(response);
    else response.writeHead(404).end();
  }

  private async answerReady(response: ServerResponse): Promise<void> {
    try {
      sendJson(response, 200, await this.readiness.check());
    } catch (error) {
      if (!(error instanceof NotReadyError)) throw error;
      sendJson(response, 503, { status: 'unavailable', ...error.members });
    }
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
