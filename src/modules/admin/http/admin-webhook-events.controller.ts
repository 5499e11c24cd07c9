import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import { StripeEventsService } from '../../billing/index.js';
import type { Administrator } from '../administrator.js';
import { WebhookEventsService } from '../webhook-events.service.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';
import { ListWebhookEventsQuery, toEventListOptions } from './webhook-event.request.js';
import { toWebhookEventPage, toWebhookEventResponse, WebhookEventPage, WebhookEventResponse } from './webhook-event.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/webhook-events')
export class AdminWebhookEventsController {
  constructor(
    private readonly webhookEvents: WebhookEventsService,
    private readonly events: StripeEventsService,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the events from Stripe, newest first',
    description: 'What Stripe sent, whether it was processed, and why not. `replay` processes an event again.',
  })
  @ApiOkResponse({ type: WebhookEventPage })
  async listWebhookEvents(@Query() query: ListWebhookEventsQuery): Promise<Page<WebhookEventResponse>> {
    return toWebhookEventPage(await this.events.listEvents(toEventListOptions(query)), query);
  }

  @Post(':event_id/replay')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Process an event again',
    description: 'The present state is read from Stripe, so repeats have one effect.',
  })
  @ApiParam({
    name: 'event_id',
    description: 'Stripe’s id of the event.',
    schema: { type: 'string', maxLength: 255 },
    example: 'evt_1SVb3hKvQ2T9Zz',
  })
  @ApiAcceptedResponse({ type: WebhookEventResponse })
  async replayWebhookEvent(@CurrentAdministrator() by: Administrator, @Param('event_id') eventId: string): Promise<WebhookEventResponse> {
    return toWebhookEventResponse(await this.webhookEvents.replay(by, { eventId }));
  }
}
