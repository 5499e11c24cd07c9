import { Controller, Get, HttpCode } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { ServiceUnavailableError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { Unthrottled } from '../../../common/http/throttle.decorator.js';
import { ReadinessService } from './readiness.service.js';

class HealthResponse {
  @ApiProperty({ enum: ['ok', 'degraded'], example: 'ok' })
  readonly status!: 'ok' | 'degraded';
}

@ApiTags('Service')
@Public()
@Unthrottled()
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: ReadinessService) {}

  @Get('live')
  @HttpCode(200)
  @ApiOperation({ summary: 'The process runs' })
  @ApiOkResponse({ type: HealthResponse })
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'The process can serve requests now' })
  @ApiOkResponse({ type: HealthResponse })
  @ApiProblems(ServiceUnavailableError)
  ready(): Promise<HealthResponse> {
    return this.readiness.check();
  }
}
