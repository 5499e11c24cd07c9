import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** All applications of a process share one instance, because Prometheus scrapes the process. */
let ofProcess: Metrics | null = null;

@Global()
@Module({ providers: [{ provide: Metrics, useFactory: () => (ofProcess ??= new Metrics()) }], exports: [Metrics] })
export class MetricsModule {}
