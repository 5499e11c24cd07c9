import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { StripeStatusService } from '../../billing/index.js';
import { StripeStatusResponse, toStripeStatusResponse } from './stripe-status.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/stripe')
export class AdminStripeController {
  constructor(private readonly stripe: StripeStatusService) {}

  @Get()
  @ApiOperation({
    summary: 'Get the state of the connection to Stripe',
    description: 'The prices are those that this process read last; it reads them again after five minutes.',
  })
  @ApiOkResponse({ type: StripeStatusResponse })
  async getStripeStatus(): Promise<StripeStatusResponse> {
    return toStripeStatusResponse(await this.stripe.getStatus());
  }
}
