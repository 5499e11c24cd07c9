import { Body, Controller, Get, Header, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { NotFoundError, RateLimitedError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, Public, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { ApiIdempotencyKey, Idempotency } from '../../../common/http/idempotency.decorator.js';
import { type Page, PageQuery } from '../../../common/http/page.js';
import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import { IdempotencyKeyReusedError } from '../../../database/idempotency-keys.js';
import { BillingUnavailableError } from '../../../integrations/stripe/index.js';
import { AlreadySubscribedError, NotSubscribedError } from '../billing.errors.js';
import { BillingService } from '../billing.service.js';
import { CheckoutsService } from '../checkouts.service.js';
import type { InvoiceResponse } from '../invoice.response.js';
import { OpenPortalRequest, StatusQuery, SubscribeRequest, toInvoiceListOptions } from './billing.request.js';
import {
  CheckoutResponse,
  InvoicePage,
  PortalResponse,
  SubscriptionStatusResponse,
  toCheckoutResponse,
  toInvoicePage,
  toStatusResponse,
} from './billing.response.js';
import { RETURN_PAGE } from './return-page.js';

@ApiTags('Subscription')
@Controller()
export class SubscriptionController {
  constructor(
    private readonly billing: BillingService,
    private readonly checkouts: CheckoutsService,
  ) {}

  @Post('subscribe/pro')
  @VerifiedNumberOnly()
  @ApiOperation({
    summary: 'Open the payment page for the Pro plan',
    description:
      'One page is open at a time: a repeated request gets the same page. At most five a day. After the payment, read the status with the session’s id.',
  })
  @ApiIdempotencyKey()
  @ApiBody({ type: SubscribeRequest, required: false })
  @ApiCreatedResponse({ type: CheckoutResponse })
  @ApiProblems(AlreadySubscribedError, RateLimitedError, IdempotencyKeyReusedError, NotFoundError, BillingUnavailableError)
  async subscribe(
    @CurrentActor() actor: Actor,
    @Body() { success_url, cancel_url }: SubscribeRequest,
    @Idempotency() key: IdempotencyKey | null,
  ): Promise<CheckoutResponse> {
    return toCheckoutResponse(await this.checkouts.subscribe(actor, { successUrl: success_url, cancelUrl: cancel_url, key }));
  }

  @Get('subscription/status')
  @ApiOperation({ summary: 'Get the plan, the subscription, and how many of the day’s messages are left' })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  @ApiProblems(NotFoundError, BillingUnavailableError)
  async getStatus(@CurrentActor() actor: Actor, @Query() { checkout_session_id }: StatusQuery): Promise<SubscriptionStatusResponse> {
    return toStatusResponse(await this.billing.getStatus(actor, { checkoutSessionId: checkout_session_id }));
  }

  @Post('subscription/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cancel the subscription at the end of its period' })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  @ApiProblems(NotSubscribedError, BillingUnavailableError)
  async cancel(@CurrentActor() actor: Actor): Promise<SubscriptionStatusResponse> {
    return toStatusResponse(await this.billing.cancel(actor));
  }

  @Post('subscription/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Undo a cancellation that was made here or in the portal' })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  @ApiProblems(NotSubscribedError, BillingUnavailableError)
  async resume(@CurrentActor() actor: Actor): Promise<SubscriptionStatusResponse> {
    return toStatusResponse(await this.billing.resume(actor));
  }

  @Post('subscription/portal')
  @ApiOperation({ summary: 'Open the customer portal', description: 'A page of Stripe for cards, invoices and cancelling.' })
  @ApiBody({ type: OpenPortalRequest, required: false })
  @ApiCreatedResponse({ type: PortalResponse })
  @ApiProblems(NotSubscribedError, BillingUnavailableError)
  async openPortal(@CurrentActor() actor: Actor, @Body() { return_url }: OpenPortalRequest): Promise<PortalResponse> {
    return { portal_url: await this.billing.openPortal(actor, { returnUrl: return_url }) };
  }

  @Get('subscription/invoice')
  @ApiOperation({ summary: 'List invoices, newest first' })
  @ApiOkResponse({ type: InvoicePage })
  @ApiProblems(BillingUnavailableError)
  async listInvoices(@CurrentActor() actor: Actor, @Query() query: PageQuery): Promise<Page<InvoiceResponse>> {
    return toInvoicePage(await this.billing.listInvoices(actor, toInvoiceListOptions(query)), query);
  }

  @Get('subscription/return')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @ApiOperation({
    summary: 'Show the page that payers of an installation without a frontend return to',
    description: 'The page says how to read the status after the payment.',
  })
  @ApiOkResponse({ content: { 'text/html': { schema: { type: 'string' } } } })
  showReturnPage(): string {
    return RETURN_PAGE;
  }
}
