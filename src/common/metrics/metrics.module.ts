import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** One for all applications of a process, as Prometheus asks the process. */
let ofProcess: Metrics | null = null;

@Global()
@Module({ providers: [{ provide: Metrics, useFactory: () => (ofProcess ??= new Metrics()) }], exports: [Metrics] })
export class MetricsModule {}
