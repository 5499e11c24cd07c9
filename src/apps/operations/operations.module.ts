import { Module } from '@nestjs/common';
import { MetricsModule } from '../../common/metrics/metrics.module.js';
import { StripeModule } from '../../integrations/stripe/index.js';
import { RedisModule } from '../../redis/redis.module.js';
import { OperationsServer } from './operations-server.js';
import { ReadinessService } from './readiness.service.js';

/** Metrics, health and drain, for the operator of a process. */
@Module({
  imports: [MetricsModule, RedisModule, StripeModule],
  providers: [ReadinessService, OperationsServer],
  exports: [ReadinessService],
})
export class OperationsModule {}
