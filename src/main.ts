import 'reflect-metadata';
import { startApi } from './apps/api/start-api.js';
import { stopApi } from './apps/api/stop-api.js';
import { explainStartFailure } from './apps/explain-start-failure.js';
import { runProcess } from './common/process.js';
import { loadConfig } from './config/env.js';
import { API_REQUIRES } from './config/required-settings.js';

await runProcess(async () => {
  const app = await startApi(loadConfig({ required: API_REQUIRES, defaults: { HOST: '0.0.0.0' } }));
  return () => stopApi(app);
}, explainStartFailure);
