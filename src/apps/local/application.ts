import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { UsersService } from '../../modules/users/index.js';
import { startApi } from '../api/start-api.js';
import { stopApi } from '../api/stop-api.js';
import { startWorker } from '../worker/start-worker.js';
import { stopWorker } from '../worker/stop-worker.js';
import { ensureAdministrator, type FirstAdministrator } from './administrator.js';

export interface Application {
  readonly apiUrl: string;
  ensureAdministrator(): Promise<FirstAdministrator>;
}

/**
 * Starts worker and API in this one process, each an application of its own as in production.
 *
 * @param stops gets the functions that stop them; the API stops first
 */
export async function startApplication(config: Config, stops: Stop[]): Promise<Application> {
  const worker = await startWorker(config);
  stops.push(() => stopWorker(worker));
  const api = await startApi(config);
  stops.push(() => stopApi(api));
  const { port } = api.getHttpServer().address() as AddressInfo;
  return {
    apiUrl: `http://${reachable(config.HOST)}:${port}`,
    ensureAdministrator: () => ensureAdministrator(api.get(UsersService, { strict: false })),
  };
}

/** Turns an address to listen on into one to connect to. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
