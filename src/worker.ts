import 'reflect-metadata';
import { explainStartFailure } from './apps/explain-start-failure.js';
import { startWorker } from './apps/worker/start-worker.js';
import { stopWorker } from './apps/worker/stop-worker.js';
import { runProcess } from './common/process.js';
import { loadConfig } from './config/env.js';
import { WORKER_REQUIRES } from './config/required-settings.js';

await runProcess(async () => {
  const app = await startWorker(loadConfig({ required: WORKER_REQUIRES }));
  return () => stopWorker(app);
}, explainStartFailure);
