import 'reflect-metadata';
import { startApi } from './apps/api/start-api.js';
import { stopApi } from './apps/api/stop-api.js';
import { explainStartFailure } from './apps/explain-start-failure.js';
import { runProcess } from './common/process.js';
import { loadConfig } from './config/env.js';

await runProcess(async () => {
  const app = await startApi(
    loadConfig({ required: ['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'OTP_DELIVERY'], defaults: { HOST: '0.0.0.0' } }),
  );
  return () => stopApi(app);
}, explainStartFailure);
