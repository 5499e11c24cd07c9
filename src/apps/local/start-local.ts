import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fail, Stop } from '../../common/process.js';
import { type Config, isStartedByNpm } from '../../config/env.js';
import { assertPortFree } from './assert-port-free.js';
import { banner } from './banner.js';
import { openDataDirectory } from './data-directory.js';
import { loadLocalConfig } from './local-config.js';
import { openLocalSecrets } from './local-secrets.js';
import { startLocalServer } from './local-server.js';
import { writePrivateFile } from './private-file.js';
import { SIMULATOR_HOST, simulatesGemini, simulatesStripe, startSimulators } from './simulators.js';

const PARENT_CHECK_MS = 500;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Starts everything on this machine in one process: PostgreSQL, simulators, worker, API. The parts stop in the opposite
 * order, also when a later part does not start.
 */
export async function startLocal(fail: Fail): Promise<Stop> {
  const settings = loadLocalConfig();
  say('Starting the local mode…');
  if (isStartedByNpm()) stopWithoutParent();
  await assertPortFree('PORT', settings.PORT, settings.HOST);
  if (simulatesGemini(settings)) await assertPortFree('GEMINI_SIMULATOR_PORT', settings.GEMINI_SIMULATOR_PORT, SIMULATOR_HOST);
  if (simulatesStripe(settings)) await assertPortFree('STRIPE_SIMULATOR_PORT', settings.STRIPE_SIMULATOR_PORT, SIMULATOR_HOST);

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
  // The code is loaded while PostgreSQL starts, because that takes longest. No connection is opened meanwhile: on a
  // slow machine loading blocks the process for longer than the deadline of a connection.
  const loading = Promise.all([import('./local-database.js'), import('./application.js')]);
  loading.catch(() => undefined);

  const dataDirectory = openDataDirectory(settings.LOCAL_DATA_DIR);
  const server = await startLocalServer(settings, dataDirectory, say, fail);
  stops.push(server.stop);
  say('Loading the application…');
  const [{ openLocalDatabase }, { startApplication }] = await loading;
  say('Applying migrations…');
  stops.push(await openLocalDatabase(server, fail));
  // The data is locked now, so this process may write files beside it.
  const secrets = openLocalSecrets(dataDirectory);
  const endpoints = join(dataDirectory, 'endpoints.json');
  rmSync(endpoints, { force: true });

  const simulated = await startSimulators(settings, dataDirectory);
  stops.push(...simulated.map(({ stop }) => stop));

  say('Starting worker and API…');
  const found: Partial<Config> = { DATABASE_URL: server.url, JWT_SECRET: settings.JWT_SECRET ?? secrets.JWT_SECRET };
  const config: Config = Object.freeze(Object.assign({}, settings, found, ...simulated.map((vendor) => vendor.settings)) as Config);
  const application = await startApplication(config, stops);
  const administrator = await application.ensureAdministrator();
  const { apiUrl } = application;
  for (const { onApiStarted } of simulated) onApiStarted?.(apiUrl);
  writePrivateFile(endpoints, {
    pid: process.pid,
    api: apiUrl,
    database: server.url,
    ...Object.fromEntries(simulated.map(({ name, url }) => [name.toLowerCase(), url])),
  });
  stops.push(() => rm(endpoints, { force: true }));
  say(
    banner({
      apiUrl,
      chatPageEnabled: settings.CHAT_UI_ENABLED,
      docsEnabled: settings.DOCS_ENABLED,
      location: server.location,
      simulated,
      administrator,
    }),
  );
}

/** Stops the process when npm is gone: an npm that was killed cannot pass the signal on. */
function stopWithoutParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}
