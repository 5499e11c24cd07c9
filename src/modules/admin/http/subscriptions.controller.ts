import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../common/http/api-problems.decorator.js';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import { IdPipe } from '../../../common/http/id.pipe.js';
import type { Page } from '../../../common/http/page.js';
import { NoGrantError } from '../../subscriptions/index.js';
import type { Administrator } from '../administrator.js';
import { EntitlementsRepository } from '../entitlements.repository.js';
import { EntitlementsService } from '../entitlements.service.js';
import { CurrentAdministrator } from './current-administrator.decorator.js';
import {
  entitlementPage,
  GrantRequest,
  ListSubscriptionsQuery,
  RevokeRequest,
  toEntitlementFilter,
  toGrantWish,
} from './subscription.request.js';
import {
  AccountSubscriptionResponse,
  EntitlementPage,
  type EntitlementResponse,
  toAccountSubscriptionResponse,
  toEntitlementPage,
} from './subscription.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/subscriptions')
export class AllSubscriptionsController {
  constructor(
    private readonly entitlements: EntitlementsService,
    private readonly repository: EntitlementsRepository,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Subscriptions at Stripe and grants of administrators, newest first' })
  @ApiOkResponse({ type: EntitlementPage })
  async listSubscriptions(@Query() query: ListSubscriptionsQuery): Promise<Page<EntitlementResponse>> {
    return toEntitlementPage(await this.repository.list(toEntitlementFilter(query), entitlementPage(query)), query);
  }

  @Post(':user_id/grant')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give a user the Pro plan', description: 'A grant that is there already is made longer, never shorter.' })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  async grantPro(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() body: GrantRequest,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.grant(by, userId, toGrantWish(body)));
  }

  @Post(':user_id/extend')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make a user’s grant longer', description: 'Never shorter.' })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  @ApiProblems(NoGrantError)
  async extendGrant(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() body: GrantRequest,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.extend(by, userId, toGrantWish(body)));
  }

  @Post(':user_id/revoke')
  @HttpCode(200)
  @ApiOperation({ summary: 'Take back what was granted to a user', description: 'What is paid for at Stripe stays.' })
  @ApiOkResponse({ type: AccountSubscriptionResponse })
  async revokeGrant(
    @CurrentAdministrator() by: Administrator,
    @Param('user_id', IdPipe) userId: string,
    @Body() { reason }: RevokeRequest,
  ): Promise<AccountSubscriptionResponse> {
    return toAccountSubscriptionResponse(await this.entitlements.revoke(by, userId, reason));
  }
}
