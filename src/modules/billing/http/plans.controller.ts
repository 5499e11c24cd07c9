import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { BillingUnavailableError, PaymentProviderRefusedError } from '../../../integrations/stripe/index.js';
import { OffersService } from '../offers.service.js';
import { PlanList, toPlanList } from './plan.response.js';

@ApiTags('Subscription')
@Public()
@Controller('plans')
export class PlansController {
  constructor(private readonly offers: OffersService) {}

  @Get()
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({
    summary: 'List the plans, what they offer and what they cost',
    description:
      'The prices are those of Stripe, at most some minutes old; while Stripe is away, at most a day old. Where no payments are set up, Pro has no prices.',
  })
  @ApiOkResponse({ type: PlanList })
  @ApiProblems(BillingUnavailableError, PaymentProviderRefusedError)
  async listPlans(): Promise<PlanList> {
    return toPlanList(await this.offers.listPlans());
  }
}
