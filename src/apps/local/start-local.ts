import { mkdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Fail, Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { UsersService } from '../../modules/users/index.js';
import { startApi } from '../api/start-api.js';
import { stopApi } from '../api/stop-api.js';
import { startWorker } from '../worker/start-worker.js';
import { ensureAdministrator } from './administrator.js';
import { assertPortFree } from './assert-port-free.js';
import { banner } from './banner.js';
import { loadLocalConfig } from './local-config.js';
import { openLocalDatabase } from './local-database.js';
import { LocalModeError } from './local-mode.error.js';
import { openLocalSecrets } from './local-secrets.js';
import { systemErrorCode } from './postgres/system-error.js';
import { writePrivateFile } from './private-file.js';
import { SIMULATOR_HOST, simulatesGemini, startSimulators } from './simulators.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Everything on this machine in one process: PostgreSQL, simulators, worker, API. What was started is stopped in the opposite order, also when a
 * later part does not start.
 */
export async function startLocal(fail: Fail): Promise<Stop> {
  const settings = loadLocalConfig();
  await assertPortFree('PORT', settings.PORT, settings.HOST);
  if (simulatesGemini(settings)) await assertPortFree('GEMINI_SIMULATOR_PORT', settings.GEMINI_SIMULATOR_PORT, SIMULATOR_HOST);

  const stops: Stop[] = [];
  const stopAll = async () => {
    for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
  };
  try {
    await startParts(settings, stops, fail);
  } catch (error) {
    await stopAll();
    throw error;
  }
  return async () => {
    say(`\nStopping; what is in work may take ${settings.DRAIN_SECONDS} s to finish (Ctrl-C again ends it at once)…`);
    await stopAll();
    say('Stopped.');
  };
}

async function startParts(settings: Config, stops: Stop[], fail: Fail): Promise<void> {
  const dataDirectory = openDataDirectory(settings.LOCAL_DATA_DIR);
  const database = await openLocalDatabase(settings, dataDirectory, say, fail);
  stops.push(database.close);
  // Only now, with the data locked, may this process write beside it.
  const secrets = openLocalSecrets(dataDirectory);
  const endpoints = join(dataDirectory, 'endpoints.json');
  rmSync(endpoints, { force: true });

  const simulated = await startSimulators(settings);
  stops.push(...simulated.map(({ stop }) => stop));

  say('Starting worker and API…');
  const config: Config = Object.freeze({
    ...settings,
    DATABASE_URL: database.url,
    JWT_SECRET: settings.JWT_SECRET ?? secrets.JWT_SECRET,
    ...Object.assign({}, ...simulated.map((vendor) => vendor.settings)),
  });
  const worker = await startWorker(config);
  stops.push(() => worker.close());
  const api = await startApi(config);
  stops.push(() => stopApi(api));

  const { port } = api.getHttpServer().address() as AddressInfo;
  const apiUrl = `http://${reachable(config.HOST)}:${port}`;
  writePrivateFile(endpoints, {
    pid: process.pid,
    api: apiUrl,
    database: database.url,
    ...Object.fromEntries(simulated.map(({ name, url }) => [name.toLowerCase(), url])),
  });
  stops.push(() => {
    rmSync(endpoints, { force: true });
    return Promise.resolve();
  });
  const administrator = await ensureAdministrator(api.get(UsersService, { strict: false }));
  say(banner({ apiUrl, docsEnabled: config.DOCS_ENABLED, place: database.place, simulated, administrator }));
}

function openDataDirectory(path: string): string {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new LocalModeError(
      `The data folder ${directory} cannot be made (${systemErrorCode(error) ?? String(error)}): set LOCAL_DATA_DIR to another folder.`,
      { cause: error },
    );
  }
  return directory;
}

/** An address that one can go to, for one that only says where to listen. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
