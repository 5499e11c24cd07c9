import { Module } from '@nestjs/common';
import { MetricsModule } from '../../common/metrics/metrics.module.js';
import { RedisModule } from '../../redis/redis.module.js';
import { OperationsServer } from './operations-server.js';
import { ReadinessService } from './readiness.service.js';

/** What those who run a process look at: metrics, health and drain. */
@Module({ imports: [MetricsModule, RedisModule], providers: [ReadinessService, OperationsServer], exports: [ReadinessService] })
export class OperationsModule {}
