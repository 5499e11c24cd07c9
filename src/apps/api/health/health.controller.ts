import { Controller, Get, HttpCode } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { Unthrottled } from '../../../common/http/throttle.decorator.js';
import { type Checks, NotReadyError } from '../../operations/not-ready.error.js';
import { type Readiness, ReadinessService } from '../../operations/readiness.service.js';

class LivenessResponse {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  readonly status!: 'ok';
}

class ReadinessResponse implements Readiness {
  @ApiProperty({
    enum: ['ok', 'degraded'],
    description: '`degraded`: Redis accepts no writes, and the process still serves requests.',
    example: 'ok',
  })
  readonly status!: 'ok' | 'degraded';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['ok', 'unavailable'] },
    example: { postgresql: 'ok', redis: 'ok' },
  })
  readonly checks!: Checks;
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
  @ApiOkResponse({ type: LivenessResponse })
  live(): LivenessResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'The process can serve requests now' })
  @ApiOkResponse({ type: ReadinessResponse })
  @ApiProblems(NotReadyError)
  ready(): Promise<ReadinessResponse> {
    return this.readiness.check();
  }
}
