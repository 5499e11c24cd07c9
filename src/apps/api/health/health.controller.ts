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
    description:
      '`degraded`: Redis accepts no writes, the key of Stripe is wrong, or a configured price cannot be sold. The process still serves requests.',
    example: 'ok',
  })
  readonly status!: 'ok' | 'degraded';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['ok', 'unavailable', 'other_account', 'key_refused'] },
    description:
      'What the process depends on, by name. `stripe` is there only with a wrong key: `other_account` for one of another account or mode than the stored one, `key_refused` for one that Stripe does not accept. No call is made with either.',
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
  @ApiOperation({ summary: 'The process runs', description: 'For a liveness probe: it asks nothing of what the process depends on.' })
  @ApiOkResponse({ type: LivenessResponse })
  checkLiveness(): LivenessResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'The process can serve requests now',
    description:
      'For a readiness probe: 503 while the process starts or drains, and without PostgreSQL. Without Redis it answers 200 and names the degraded parts.',
  })
  @ApiOkResponse({ type: ReadinessResponse })
  @ApiProblems(NotReadyError)
  checkReadiness(): Promise<ReadinessResponse> {
    return this.readiness.check();
  }
}
