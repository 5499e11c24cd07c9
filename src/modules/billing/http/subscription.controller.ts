import { Body, Controller, Get, Header, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '../../../common/actor.js';
import { NotFoundError, RateLimitedError } from '../../../common/errors/common.errors.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { CurrentActor, Public, VerifiedNumberOnly } from '../../../common/http/current-actor.decorator.js';
import { ApiIdempotencyKey, Idempotency } from '../../../common/http/idempotency.decorator.js';
import { ThrottledAsPayment } from '../../../common/http/throttle.decorator.js';
import { type Page, PageQuery } from '../../../common/http/page.js';
import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { IdempotencyKeyReusedError } from '../../../database/idempotency-keys.js';
import { BillingUnavailableError, PaymentProviderRefusedError } from '../../../integrations/stripe/index.js';
import { AlreadySubscribedError, ChangeRefusedError, NotSubscribedError, OtherCurrencyError } from '../billing.errors.js';
import { BillingService } from '../billing.service.js';
import { CheckoutsService } from '../checkouts.service.js';
import type { InvoiceResponse } from '../invoice.response.js';
import { OpenPortalRequest, ReturnQuery, StatusQuery, SubscribeRequest, toInvoiceListOptions } from './billing.request.js';
import {
  CheckoutResponse,
  InvoicePage,
  PortalResponse,
  SubscriptionStatusResponse,
  toCheckoutResponse,
  toInvoicePage,
  toStatusResponse,
} from './billing.response.js';
import { RETURN_SCRIPT, RETURN_SCRIPT_PATH, returnPage } from './return-page.js';

@ApiTags('Subscription')
@Controller()
export class SubscriptionController {
  constructor(
    private readonly billing: BillingService,
    private readonly checkouts: CheckoutsService,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Post('subscribe/pro')
  @ThrottledAsPayment()
  @VerifiedNumberOnly()
  @ApiOperation({
    summary: 'Open the payment page for the Pro plan',
    description:
      'One page is open at a time: a repeated request gets the same page, and a request for another price replaces it. At most five a day, of which a page and those that replace it are one. After the payment, read the status with the session’s id. Stripe lets a customer pay in one currency. A person who had no trial begins with one, where trials are set up; a trial with the card of another one ends at once.',
  })
  @ApiIdempotencyKey()
  @ApiBody({ type: SubscribeRequest, required: false })
  @ApiCreatedResponse({ type: CheckoutResponse })
  @ApiProblems(
    AlreadySubscribedError,
    OtherCurrencyError,
    RateLimitedError,
    IdempotencyKeyReusedError,
    NotFoundError,
    BillingUnavailableError,
    PaymentProviderRefusedError,
  )
  async openCheckout(
    @CurrentActor() actor: Actor,
    @Body() { price, success_url, cancel_url }: SubscribeRequest,
    @Idempotency() key: IdempotencyKey | null,
  ): Promise<CheckoutResponse> {
    return toCheckoutResponse(await this.checkouts.subscribe(actor, { price, successUrl: success_url, cancelUrl: cancel_url, key }));
  }

  @Get('subscription/status')
  @ThrottledAsPayment({ withQuery: 'checkout_session_id' })
  @ApiOperation({
    summary: 'Get the plan, the subscription, and how many of the day’s messages are left',
    description:
      'With `checkout_session_id`, which Stripe adds to `success_url`, Stripe is asked first, so that a payer sees the new plan at once.',
  })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  @ApiProblems(NotFoundError, BillingUnavailableError, PaymentProviderRefusedError)
  async getSubscriptionStatus(
    @CurrentActor() actor: Actor,
    @Query() { checkout_session_id }: StatusQuery,
  ): Promise<SubscriptionStatusResponse> {
    return toStatusResponse(await this.billing.getStatus(actor, { checkoutSessionId: checkout_session_id }));
  }

  @Post('subscription/cancel')
  @ThrottledAsPayment()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel the subscription at the end of its period',
    description:
      'The Pro plan stays until the end of the period that is paid for. One that is `incomplete` or `paused` ends at once, because ' +
      'nothing is paid for. A repeat changes nothing.',
  })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  @ApiProblems(NotSubscribedError, ChangeRefusedError, BillingUnavailableError, PaymentProviderRefusedError)
  async cancelSubscription(@CurrentActor() actor: Actor): Promise<SubscriptionStatusResponse> {
    return toStatusResponse(await this.billing.cancel(actor));
  }

  @Post('subscription/resume')
  @ThrottledAsPayment()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Undo a cancellation that was made here or in the portal, or end a pause',
    description: 'The subscription renews again. A repeat changes nothing.',
  })
  @ApiOkResponse({ type: SubscriptionStatusResponse })
  @ApiProblems(NotSubscribedError, ChangeRefusedError, BillingUnavailableError, PaymentProviderRefusedError)
  async resumeSubscription(@CurrentActor() actor: Actor): Promise<SubscriptionStatusResponse> {
    return toStatusResponse(await this.billing.resume(actor));
  }

  @Post('subscription/portal')
  @ThrottledAsPayment()
  @ApiOperation({
    summary: 'Open the customer portal',
    description:
      'A page of Stripe for cards, invoices and cancelling. With a price it opens at the confirmation of the change to it, where Stripe shows what is due for the rest of the period.',
  })
  @ApiBody({ type: OpenPortalRequest, required: false })
  @ApiCreatedResponse({ type: PortalResponse })
  @ApiProblems(NotSubscribedError, OtherCurrencyError, BillingUnavailableError, PaymentProviderRefusedError)
  async openCustomerPortal(@CurrentActor() actor: Actor, @Body() { price, return_url }: OpenPortalRequest): Promise<PortalResponse> {
    return { portal_url: await this.billing.openPortal(actor, { price, returnUrl: return_url }) };
  }

  @Get('subscription/invoice')
  @ThrottledAsPayment()
  @ApiOperation({
    summary: 'List invoices, newest first',
    description: 'The invoices that Stripe made for the subscription, with the pages where they can be read and paid.',
  })
  @ApiOkResponse({ type: InvoicePage })
  @ApiProblems(BillingUnavailableError, PaymentProviderRefusedError)
  async listInvoices(@CurrentActor() actor: Actor, @Query() query: PageQuery): Promise<Page<InvoiceResponse>> {
    return toInvoicePage(await this.billing.listInvoices(actor, toInvoiceListOptions(query)), query);
  }

  @Get('subscription/return')
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  @ApiOperation({
    summary: 'Show the page that payers of an installation without a frontend return to',
    description: 'The page says how the payment page ended. While the subscription is being confirmed, the page looks again by itself.',
  })
  @ApiOkResponse({ content: { 'text/html': { schema: { type: 'string' } } } })
  async showReturnPage(@Query() { checkout_session_id, checkout }: ReturnQuery): Promise<string> {
    return returnPage(
      await this.billing.getCheckoutOutcome({ checkoutSessionId: checkout_session_id, isCancelled: checkout === 'cancelled' }),
      this.config.CHAT_UI_ENABLED,
    );
  }

  @Get(RETURN_SCRIPT_PATH)
  @Public()
  @ApiExcludeEndpoint()
  @Header('content-type', 'text/javascript; charset=utf-8')
  showReturnScript(): string {
    return RETURN_SCRIPT;
  }
}
