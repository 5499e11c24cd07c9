import type { INestApplicationContext } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { processLog } from '../process-log.js';
import { stopTracing } from '../start-tracing.js';
import { stopWithin } from '../stop-within.js';

/** Stops the worker: it takes no more jobs, and those in work get DRAIN_SECONDS to finish. */
export async function stopWorker(app: INestApplicationContext): Promise<void> {
  const { DRAIN_SECONDS } = app.get<Config>(InjectConfig.TOKEN);
  processLog.draining('worker', DRAIN_SECONDS);
  await stopWithin(DRAIN_SECONDS, app.close());
  await stopTracing();
  processLog.ended('worker');
}
