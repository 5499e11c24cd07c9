import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { NotFoundError } from '../../../common/errors/common.errors.js';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { Unthrottled } from '../../../common/http/throttle.decorator.js';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';

/** Serves the metrics on the API's port in development, where METRICS_PORT is not set. */
@ApiExcludeController()
@Public()
@Unthrottled()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async read(): Promise<string> {
    if (this.config.METRICS_PORT !== undefined || this.config.NODE_ENV === 'production') throw new NotFoundError();
    return this.metrics.text();
  }
}
