import 'reflect-metadata';
import { explainStartFailure } from './apps/explain-start-failure.js';
import { startWorker } from './apps/worker/start-worker.js';
import { runProcess } from './common/process.js';
import { loadConfig } from './config/env.js';

await runProcess(async () => {
  const app = await startWorker(loadConfig({ required: ['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'OTP_DELIVERY', 'GEMINI_API_KEY'] }));
  return () => app.close();
}, explainStartFailure);
