import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WorkerModule } from '../../src/apps/worker/worker.module.js';
import { type GeminiSimulator, startGeminiSimulator } from '../../simulators/gemini/gemini-simulator.js';
import { openTestLog, type Settings, startTestApi, testConfig, type TestApi } from './api.js';
import type { CapturedLog } from './captured-log.js';
import { createTestDatabase } from './test-database.js';

/** API, worker and Gemini simulator on a database of their own. */
export interface Stack {
  readonly api: TestApi;
  readonly worker: INestApplicationContext;
  readonly gemini: GeminiSimulator;
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** A simulator that loses no time, and retries that come at once, unless the settings say otherwise. */
const FAST: Settings = { REPLY_RETRY_DELAY: '50ms', SWEEP_INTERVAL: '500ms', DRAIN_SECONDS: '5' };

export async function startStack(settings: Settings = {}, log?: CapturedLog): Promise<Stack> {
  const database = await createTestDatabase();
  const gemini = await startGeminiSimulator({ port: 0, latencyMs: 5, chunkMs: 1, tokens: null });
  const all: Settings = { DATABASE_URL: database.url, GEMINI_BASE_URL: gemini.url, ...FAST, ...settings };
  const [api, worker] = await Promise.all([startTestApi(all, log), startTestWorker(all, log)]);
  return {
    api,
    worker,
    gemini,
    databaseUrl: database.url,
    close: async () => {
      await api.close();
      await worker.close();
      await gemini.stop();
      await database.drop();
    },
  };
}

export async function startTestWorker(settings: Settings, log?: CapturedLog): Promise<INestApplicationContext> {
  const config = testConfig(settings);
  return NestFactory.createApplicationContext(WorkerModule.forRoot(config), {
    logger: await openTestLog(config, log),
    abortOnError: false,
  });
}
