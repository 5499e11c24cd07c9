import type { INestApplicationContext } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { processLog } from '../process-log.js';
import { stopTracing } from '../start-tracing.js';

/** Stops the worker: it takes no more jobs, and those in work get DRAIN_SECONDS to finish. */
export async function stopWorker(app: INestApplicationContext): Promise<void> {
  processLog.draining('worker', app.get<Config>(InjectConfig.TOKEN).DRAIN_SECONDS);
  await app.close();
  await stopTracing();
  processLog.ended('worker');
}
