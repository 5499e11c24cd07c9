import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { UsersService } from '../../modules/users/index.js';
import { startApi } from '../api/start-api.js';
import { stopApi } from '../api/stop-api.js';
import { startWorker } from '../worker/start-worker.js';
import { ensureAdministrator, type FirstAdministrator } from './administrator.js';

export interface Application {
  readonly apiUrl: string;
  ensureAdministrator(): Promise<FirstAdministrator>;
}

/**
 * Worker and API, each an application of its own as in production, in this one process.
 *
 * @param stops gets what stops them, the API being the first to stop
 */
export async function startApplication(config: Config, stops: Stop[]): Promise<Application> {
  const worker = await startWorker(config);
  stops.push(() => worker.close());
  const api = await startApi(config);
  stops.push(() => stopApi(api));
  const { port } = api.getHttpServer().address() as AddressInfo;
  return {
    apiUrl: `http://${reachable(config.HOST)}:${port}`,
    ensureAdministrator: () => ensureAdministrator(api.get(UsersService, { strict: false })),
  };
}

/** An address that one can go to, for one that only says where to listen. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
