import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Fail, Stop } from '../../common/process.js';
import { childEnvironment } from '../../config/env.js';
import { assertPortFree } from './assert-port-free.js';
import { loadLocalConfig } from './local-config.js';
import { LocalModeError } from './local-mode.error.js';
import { startLocalServer } from './local-server.js';
import { startSimulators } from './simulators.js';
import { openDataDirectory } from './data-directory.js';

/** Node resolves the package in this folder or in one above it. */
const NEST_CLI = join(createRequire(import.meta.url).resolve('@nestjs/cli/package.json'), '../bin/nest.js');

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Starts the local mode for development: this process keeps PostgreSQL and the simulators, while `nest start --watch`
 * builds the application and restarts it after each change. The application is the local mode itself, which gets the
 * addresses of those parts from the settings.
 */
export async function startDevelopment(fail: Fail): Promise<Stop> {
  const settings = loadLocalConfig();
  if (settings.PORT === 0)
    throw new LocalModeError('PORT=0 takes another port at each restart. Set PORT to the one that the API should keep.');
  await assertPortFree('PORT', settings.PORT, settings.HOST);
  const stops: Stop[] = [];
  const stopAll = async () => {
    for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
  };
  try {
    const dataDirectory = openDataDirectory(settings.LOCAL_DATA_DIR);
    const server = await startLocalServer(settings, dataDirectory, say, fail);
    stops.push(server.stop);
    const simulated = await startSimulators(settings, dataDirectory);
    stops.push(...simulated.map(({ stop }) => stop));
    for (const { name, url, onApiStarted } of simulated) {
      say(`Simulated ${name} is at ${url}.`);
      onApiStarted?.(`http://127.0.0.1:${settings.PORT}`);
    }
    const found = Object.assign({ DATABASE_URL: server.url }, ...simulated.map((vendor) => vendor.settings)) as Record<
      string,
      string | string[]
    >;
    stops.push(watchApplication(Object.fromEntries(Object.entries(found).map(([name, value]) => [name, [value].flat().join(',')])), fail));
  } catch (error) {
    await stopAll();
    throw error;
  }
  return stopAll;
}

/** @returns a function that stops the application and then the watcher */
function watchApplication(settings: Readonly<Record<string, string>>, fail: Fail): Stop {
  const watcher = spawn(process.execPath, [NEST_CLI, 'start', '--watch', '--no-shell'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: childEnvironment(settings),
  });
  const exited = once(watcher, 'exit');
  let isStopping = false;
  // After Ctrl-C, which reaches the watcher too, it ends with 0.
  void exited.then(([code]) => {
    if (!isStopping && code !== 0) fail(new LocalModeError('The watcher of the application ended by itself; its output is above.'));
  });
  return async () => {
    isStopping = true;
    watcher.kill('SIGTERM');
    await exited;
  };
}
