import { Controller, Headers, HttpCode, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { Public } from '../../../common/http/current-actor.decorator.js';
import { Unthrottled } from '../../../common/http/throttle.decorator.js';
import { BillingUnavailableError } from '../../../integrations/stripe/index.js';
import { InvalidSignatureError } from '../billing.errors.js';
import { StripeEventsService } from '../stripe-events.service.js';
import { ReceivedResponse } from './billing.response.js';

@ApiTags('Subscription')
@Public()
@Unthrottled()
@Controller('webhook/stripe')
export class WebhookController {
  constructor(private readonly events: StripeEventsService) {}

  @Post()
  @HttpCode(200)
  @RouteConfig({ readsBody: true })
  @ApiOperation({ summary: 'Receive an event of Stripe', description: 'Stores the event; a worker processes it.' })
  @ApiHeader({ name: 'Stripe-Signature', required: true, schema: { type: 'string', maxLength: 4_096 } })
  @ApiBody({ schema: { type: 'object', additionalProperties: true }, description: 'The event that Stripe signed.' })
  @ApiOkResponse({ type: ReceivedResponse })
  @ApiProblems(InvalidSignatureError, BillingUnavailableError)
  async receiveStripeEvent(
    @Req() request: RawBodyRequest<FastifyRequest>,
    @Headers('stripe-signature') signature: string | undefined,
  ): Promise<ReceivedResponse> {
    await this.events.receiveWebhook({ body: request.rawBody, signature });
    return { received: true };
  }
}
