import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiRequestExample } from '../../../common/http/request-example.decorator.js';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import { type Page, PageQuery } from '../../../common/http/page.js';
import { BillingUnavailableError, PaymentProviderRefusedError } from '../../../integrations/stripe/index.js';
import { NoGrantError } from '../../subscriptions/index.js';
import type { Administrator } from '../administrator.js';
import { EntitlementsService } from '../entitlements.service.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';
import {
  entitlementPage,
  overduePage,
  GrantRequest,
  ListSubscriptionsQuery,
  RevokeRequest,
  toEntitlementFilter,
  toGrantInput,
} from './subscription.request.js';
import {
  AccountSubscriptionResponse,
  EntitlementPage,
  type EntitlementResponse,
  OverdueCustomerPage,
  type OverdueCustomerResponse,
  toAccountSubscriptionResponse,
  toEntitlementPage,
  toOverdueCustomerPage,
} from './subscription.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/subscriptions')
export class AdminSubscriptionsController {
  constructor(private readonly entitlements: EntitlementsService) {}

  @Get()
  @ApiOperation({
    summary: 'List subscriptions at Stripe and grants of administrators, newest first',
    description: 'What gives users the Pro plan, or gave it to them.',
  })
  @ApiOkResponse({ type: EntitlementPage })
  async listSubscriptions(@Query() query: ListSubscriptionsQuery): Promise<Page<EntitlementResponse>> {
    return toEntitlementPage(await this.entitlements.list(toEntitlementFilter(query), entitlementPage(query)), query);
  }

  @Get('overdue')
  @ApiOperation({
    summary: 'List customers whose state at Stripe was not read in time, the latest first',
    description: 'Their sync run should have begun more than ten minutes ago. Stripe’s last answer holds meanwhile.',
  })
  @ApiOkResponse({ type: OverdueCustomerPage })
  async listOverdueCustomers(@Query() query: PageQuery): Promise<Page<OverdueCustomerResponse>> {
    return toOverdueCustomerPage(await this.entitlements.listOverdue(overduePage(query)), query);
  }

  @Post(':user_id/sync')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Read a user’s subscriptions from Stripe now',
    description: 'A user who never opened a payment page has none. Repeats have one effect.',
  })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  @ApiProblems(BillingUnavailableError, PaymentProviderRefusedError)
  async syncSubscriptions(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.sync(by, { userId }));
  }

  @Post(':user_id/grant')
  @HttpCode(200)
  @ApiOperation({ summary: 'Grant Pro to a user', description: 'A live grant is extended, never shortened.' })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  @ApiRequestExample({ reason: 'A gift for a tester.', days: 30 })
  async grantPro(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() body: GrantRequest,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.grant(by, toGrantInput(userId, body)));
  }

  @Post(':user_id/extend')
  @HttpCode(200)
  @ApiOperation({ summary: 'Extend a user’s grant', description: 'A grant is never shortened.' })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  @ApiProblems(NoGrantError)
  @ApiRequestExample({ reason: 'The test goes on.', days: 30 })
  async extendGrant(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() body: GrantRequest,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.extend(by, toGrantInput(userId, body)));
  }

  @Post(':user_id/revoke')
  @HttpCode(200)
  @ApiOperation({ summary: 'Revoke a user’s grants', description: 'A subscription at Stripe stays as it is.' })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  async revokeGrant(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() { reason }: RevokeRequest,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.revoke(by, { userId, reason }));
  }
}
