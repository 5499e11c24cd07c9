import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../../common/http/current-actor.decorator.js';
import type { Page } from '../../../common/http/page.js';
import { RefundsService } from '../../billing/index.js';
import { ListRefundsQuery, toRefundListOptions } from './refund.request.js';
import { RefundPage, type RefundResponse, toRefundPage } from './refund.response.js';

@ApiTags('Admin')
@AdminOnly()
@Controller('admin/refunds')
export class AdminRefundsController {
  constructor(private readonly refunds: RefundsService) {}

  @Get()
  @ApiOperation({
    summary: 'List the payments that are given back, newest first',
    description:
      '`status=owed` lists those that Stripe has not made yet: the payment has not arrived, Stripe was away, or it refused, as `last_error` says. A refusal is repeated with a growing delay.',
  })
  @ApiOkResponse({ type: RefundPage })
  async listRefunds(@Query() query: ListRefundsQuery): Promise<Page<RefundResponse>> {
    return toRefundPage(await this.refunds.listRefunds(toRefundListOptions(query)), query);
  }
}
